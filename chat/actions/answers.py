"""What a person does with an answer that is there: have another, go on, branch, look at others."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from chainlit.chat_context import chat_context
from chainlit.context import init_ws_context
from chainlit.message import Message
from chainlit.session import WebsocketSession
from chainlit.types import ThreadDict

from access.guard.answers import RunningAnswers
from chat.live.exchanges import Exchange, exchange_of, exchanges
from chat.live.running import LiveThreads
from chat.turn.durability import database_deadline
from chat.turn.turn import Turns
from chat.wording.actions import BRANCH, BUSY, CANNOT, NO_BRANCH
from chat.wording.language import Localized
from common.concurrency.tasks import TaskSet
from common.failures import in_one_line
from datalayer import siblings
from datalayer.errors import CopyFailed, level_of
from datalayer.layer import KeepchatDataLayer
from datalayer.values import is_temporary
from storage.errors import StorageUnavailable

logger = logging.getLogger(__name__)

Action = Literal["again", "goOn", "branch", "show"]
Work = Callable[[Exchange], Awaitable[None]]


class ActionRefused(Exception):
    """Cannot be done now, or not here; the sentence says why."""

    def __init__(self, sentence: Localized[str]) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


class AnswerActions:
    """Does it in a page of the thread; what is shown changes in all of them."""

    def __init__(
        self,
        layer: KeepchatDataLayer,
        live: LiveThreads,
        running: RunningAnswers,
    ) -> None:
        self._layer = layer
        self._live = live
        self._running = running
        self._tasks = TaskSet()
        self._begun: set[str] = set()  # the threads in which something is done, or about to be

    async def close(self) -> None:
        """Stop what was begun."""
        await self._tasks.cancel()

    async def act(
        self, turns: Turns, page: WebsocketSession, action: Action, step_id: str
    ) -> Mapping[str, Any]:
        """Do what is asked for in a page, or begin it; `step_id` is in its thread.

        Returns what the page is to know: of a branch the id of its thread. Raises `ActionRefused`,
        `LimitReached`, `StorageUnavailable`, and as the data layer does.
        """
        match action:
            case "again":
                await self._begin(page, step_id, turns.again)
            case "goOn":
                await self._begin(page, step_id, turns.go_on)
            case "show":
                await self._show(page, step_id)
            case "branch":
                return {"thread": await self._branch(page, step_id)}
        return {}

    async def _begin(self, page: WebsocketSession, step_id: str, work: Work) -> None:
        """Begin to work on the last exchange, which has to be the one that was meant."""
        self._refuse_busy(page)
        async with database_deadline():
            await self._layer.settle(page.thread_id)
            thread = await self._layer.get_thread(page.thread_id)
        steps = thread["steps"] if thread else []
        exchange = exchange_of(steps, step_id)
        if exchange is None or exchange.question is None or exchange != exchanges(steps)[-1]:
            raise ActionRefused(CANNOT)
        self._refuse_busy(page)  # another page may have been faster
        task = asyncio.create_task(self._do(page, exchange, work))
        try:
            self._running.begin(page, task)
        except BaseException:
            task.cancel()
            raise
        self._begun.add(page.thread_id)
        task.add_done_callback(lambda _task: self._begun.discard(page.thread_id))
        self._tasks.add(task)
        page.current_task = task

    async def _do(self, page: WebsocketSession, exchange: Exchange, work: Work) -> None:
        context = init_ws_context(page)
        try:
            async with self._live.turn(page, goes_back=True):
                await work(exchange)
        except Exception as exc:  # noqa: BLE001 - what a turn itself does not say
            logger.error("Thread %s: %s", page.thread_id, in_one_line(exc))  # noqa: TRY400
            await context.emitter.send_toast(CANNOT.of_session(), "error")

    async def _show(self, page: WebsocketSession, first_id: str) -> None:
        self._refuse_busy(page)
        async with database_deadline():
            await self._layer.settle(page.thread_id)
        record = await self._layer.get_thread_record(page.thread_id)
        if record is None or not siblings.belonging(record.steps, first_id):
            raise ActionRefused(CANNOT)
        changes = siblings.to_show(record.steps, first_id)
        if changes:
            await self._layer.show(record.id, changes)
        for shown_to, thread in await self._live.renew(self._live.of(page)):
            _remember(shown_to, thread)

    async def _branch(self, page: WebsocketSession, step_id: str) -> str:
        if is_temporary(page.thread_id):
            raise ActionRefused(CANNOT)
        name = await self._layer.get_thread_name(page.thread_id)
        language = page.environ.get("HTTP_ACCEPT_LANGUAGE")
        title = BRANCH.filled(name=name or "").in_language(language).strip()
        try:
            return await self._layer.copy_thread(page.thread_id, title, until=step_id)
        except CopyFailed as exc:
            if isinstance(exc.__cause__, StorageUnavailable):
                raise exc.__cause__ from exc
            logger.log(
                level_of(exc), "No branch of thread %s: %s", page.thread_id, in_one_line(exc)
            )
            raise ActionRefused(NO_BRANCH) from exc

    def _refuse_busy(self, page: WebsocketSession) -> None:
        if self._live.of(page).is_running or page.thread_id in self._begun:
            raise ActionRefused(BUSY)


def _remember(page: WebsocketSession, thread: ThreadDict) -> None:
    """Let Chainlit know what a page has seen of its conversation."""
    init_ws_context(page)
    chat_context.clear()
    for step in thread["steps"]:
        if "message" in step["type"]:
            chat_context.add(Message.from_dict(step))
