"""Editing a question: nothing that was said is lost.

The last question gets a sibling, which is answered; whoever goes back to the former one finds it as
it was. What follows an earlier question is kept in a conversation of its own before it goes.
Chainlit's own handler removes the later messages, one by one, and for good.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, cast

import chainlit as cl
from chainlit.chat_context import chat_context
from chainlit.config import config
from chainlit.context import init_ws_context
from chainlit.session import WebsocketSession
from chainlit.types import ThreadDict
from chainlit.utils import utc_now

from access.guard.user_limits import LimitReached
from chat.live.exchanges import Exchange, Step, exchange_of, exchanges, metadata_of
from chat.live.running import LiveThreads
from chat.turn.again import forget, message_of, remove_from_page
from chat.turn.durability import database_deadline
from chat.wording.actions import BEFORE_EDIT, BUSY, KEPT, NOT_KEPT
from chat.wording.language import Localized
from chat.wording.sentences import EDIT_REFUSED
from chat.wording.temporary import DROPPED
from common.failures import in_one_line
from datalayer.errors import DataLayerError, level_of
from datalayer.layer import KeepchatDataLayer
from datalayer.records import ThreadRecord
from datalayer.siblings import SIBLING_OF, belonging
from datalayer.values import is_temporary

logger = logging.getLogger(__name__)

Edit = Callable[[str, dict[str, Any]], Awaitable[None]]
TakeBack = Callable[[], Awaitable[None]]


class _Refused(Exception):
    """The edit is not made; the sentence says why."""

    def __init__(self, sentence: Localized[str]) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


class Editing:
    """Edits questions in open pages."""

    def __init__(self, layer: KeepchatDataLayer, live: LiveThreads) -> None:
        self._layer = layer
        self._live = live

    async def edit(self, page: WebsocketSession, question_id: str, text: str) -> None:
        """Change a question of a page's thread as its user wants it, and answer it."""
        init_ws_context(page)
        begun = self._live.of(page).begun
        try:
            record = await self._read(page)
            thread = self._layer.shown_thread(record)
            exchange = _exchange_of(thread, question_id)
            if exchange == exchanges(thread["steps"])[-1]:
                former_ids = belonging(record.steps, question_id)
                await self._ask_beside(page, begun, exchange, text, former_ids)
            else:
                await self._ask_anew(page, begun, thread, exchange, text)
        except (_Refused, LimitReached) as exc:
            await self._refuse(page, exc.sentence)
        except DataLayerError as exc:
            logger.log(
                level_of(exc), "Thread %s is not edited: %s", page.thread_id, in_one_line(exc)
            )
            await self._refuse(page, EDIT_REFUSED)

    async def _refuse(self, page: WebsocketSession, sentence: Localized[str]) -> None:
        await cl.context.emitter.send_toast(sentence.of_session(), "error")
        await cl.context.emitter.task_end()
        # It has changed the question already, and removed what follows.
        with suppress(DataLayerError):  # then it has to be reloaded
            await self._live.give_back(page)

    async def _read(self, page: WebsocketSession) -> ThreadRecord:
        if self._live.of(page).is_running:
            raise _Refused(BUSY)
        try:
            async with database_deadline():
                await self._layer.settle(page.thread_id)
                record = await self._layer.get_thread_record(page.thread_id)
        except DataLayerError as exc:
            logger.log(
                level_of(exc),
                "Nothing is edited in thread %s: %s",
                page.thread_id,
                in_one_line(exc),
            )
            raise _Refused(EDIT_REFUSED) from exc
        if record is None:
            raise _Refused(EDIT_REFUSED)
        return record

    @asynccontextmanager
    async def _turn_after(
        self, page: WebsocketSession, begun: int, take_back: TakeBack
    ) -> AsyncIterator[None]:
        """Run a turn that is the next after so many: what was read is still all that there is.

        Raises `_Refused` where something was asked meanwhile, in another page; what was copied for
        this edit is taken back then.
        """
        async with self._live.turn(page, goes_back=True) as turn:
            if turn.thread.begun != begun + 1 or turn.thread.elsewhere:
                await take_back()
                raise _Refused(BUSY)
            yield

    # The last question

    async def _ask_beside(
        self,
        page: WebsocketSession,
        begun: int,
        exchange: Exchange,
        text: str,
        former_ids: Sequence[str],
    ) -> None:
        former = cast(Step, exchange.question)
        question = _sibling(former, text)
        files = await self._copy_files(page.thread_id, former["id"], question.id)
        async with self._turn_after(page, begun, partial(self._delete_files, page, files)):
            # In one step, and so in one go: one of the two is shown, whatever happens.
            self._layer.hide(page.thread_id, former_ids)
            self._layer.checkpoint(question.to_dict())
            await remove_from_page([*exchange.roots, former["id"]])
            forget(former_ids)
            chat_context.add(question)
            await cl.context.emitter.send_step(question.to_dict())
            for element in files:
                await cl.context.emitter.emit("element", element)
            await config.code.on_message(question)

    async def _copy_files(self, thread_id: str, former_id: str, question_id: str) -> Sequence[Any]:
        try:
            return await self._layer.copy_elements(thread_id, former_id, question_id)
        except DataLayerError as exc:
            logger.log(level_of(exc), "Question %s is not edited: %s", former_id, in_one_line(exc))
            raise _Refused(EDIT_REFUSED) from exc

    async def _delete_files(self, page: WebsocketSession, files: Sequence[Any]) -> None:
        for element in files:
            await self._layer.delete_element(element["id"], page.thread_id)

    # An earlier one

    async def _ask_anew(
        self,
        page: WebsocketSession,
        begun: int,
        thread: ThreadDict,
        exchange: Exchange,
        text: str,
    ) -> None:
        name = BEFORE_EDIT.filled(name=thread["name"] or "").of_session().strip()
        kept_id = await self._keep_what_follows(thread["id"], name)
        question = message_of(cast(Step, exchange.question))
        question.content = text
        followers = exchanges(thread["steps"])
        later = followers[followers.index(exchange) :]
        async with self._turn_after(page, begun, partial(self._delete_copy, kept_id)):
            self._layer.delete_steps_after(page.thread_id, question.id)
            self._layer.checkpoint(question.to_dict())
            gone = [step_id for it in later for step_id in [*it.roots, *_question_ids(it)]]
            gone.remove(question.id)
            await remove_from_page(gone)
            forget([step["id"] for it in later for step in it.steps] + gone)
            chat_context.add(question)
            await cl.context.emitter.update_step(question.to_dict())
            await self._tell_kept(name, page.thread_id, is_kept=kept_id is not None)
            await config.code.on_message(question)

    async def _keep_what_follows(self, thread_id: str, name: str) -> str | None:
        """Copy a thread whole, and return the id of the copy; there is none of a temporary one."""
        if is_temporary(thread_id):
            return None
        try:
            return await self._layer.copy_thread(thread_id, name)
        except DataLayerError as exc:
            logger.log(level_of(exc), "Thread %s is not edited: %s", thread_id, in_one_line(exc))
            raise _Refused(NOT_KEPT) from exc

    async def _delete_copy(self, thread_id: str | None) -> None:
        if thread_id:
            await self._layer.delete_thread(thread_id)

    async def _tell_kept(self, name: str, thread_id: str, *, is_kept: bool) -> None:
        if not is_kept:
            await cl.context.emitter.send_toast(DROPPED.of_session(), "info")
            return
        await cl.context.emitter.send_toast(KEPT.filled(name=name).of_session(), "info")
        # Chainlit's page fetches its list anew when it hears of something new.
        about = {"interaction": name, "thread_id": thread_id}
        await cl.context.emitter.emit("first_interaction", about)


def edited(editing: Editing) -> Edit:
    """Return a handler of the event by which a page edits a question."""

    async def edit_message(sid: str, payload: dict[str, Any]) -> None:
        page = WebsocketSession.get(sid)
        if page is not None:
            message = payload["message"]
            await editing.edit(page, message["id"], message["output"])

    return edit_message


def _exchange_of(thread: ThreadDict, question_id: str) -> Exchange:
    exchange = exchange_of(thread["steps"], question_id)
    if exchange is None or exchange.question is None or exchange.question["id"] != question_id:
        raise _Refused(EDIT_REFUSED)
    return exchange


def _sibling(former: Step, text: str) -> cl.Message:
    """Return a question that is asked instead of another."""
    about = message_of(former).metadata or {}
    question = cl.Message(
        content=text,
        author=former["name"],
        type="user_message",
        metadata={**about, SIBLING_OF: metadata_of(former).get(SIBLING_OF) or former["id"]},
        created_at=utc_now(),
    )
    question.command = former.get("command")
    return question


def _question_ids(exchange: Exchange) -> Sequence[str]:
    return [exchange.question["id"]] if exchange.question else []
