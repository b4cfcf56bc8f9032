"""What one user may use up, where the socket's events are."""

import asyncio
import math
import uuid
from collections.abc import Iterator
from typing import Any, cast

import pytest
from chainlit.config import config
from chainlit.server import sio
from chainlit.session import WebsocketSession, ws_sessions_id, ws_sessions_sid
from chainlit.user import User
from socketio.exceptions import ConnectionRefusedError as SocketRefused

from access.guard.answers import RunningAnswers
from access.guard.events import as_asked
from access.guard.user_limits import LIMITS, LimitReached, Stopping, UserLimits
from chat.live.elsewhere import AnswersElsewhere
from common.processes.ending import Ending
from patches.socket import handlers as sockets

MOST = UserLimits(dict.fromkeys(LIMITS, 2))
OPEN_ENDED = UserLimits(None)


class Page:
    """A session, and what it was shown."""

    def __init__(self, user: str = "ada", env: dict[str, str] | None = None) -> None:
        self.shown: list[tuple[str, Any]] = []

        async def emit(event: str, data: Any) -> None:
            self.shown.append((event, data))

        self.session = WebsocketSession(
            id=str(uuid.uuid4()),
            socket_id=str(uuid.uuid4()),
            emit=cast(Any, emit),
            emit_call=cast(Any, emit),
            user_env=env or {},
            client_type="webapp",
            user=User(identifier=user),
        )
        self.sid = self.session.socket_id

    @property
    def is_known(self) -> bool:
        return self.session.id in ws_sessions_id


@pytest.fixture(autouse=True)
def _no_sessions_left() -> Iterator[None]:
    yield
    ws_sessions_id.clear()
    ws_sessions_sid.clear()


class Answers:
    """Chainlit's handler of a message: it starts a task and returns."""

    def __init__(self) -> None:
        self.stopped = 0

    async def __call__(self, sid: str, _payload: Any) -> None:
        session = WebsocketSession.get(sid)
        assert session
        session.current_task = asyncio.create_task(self._answer())
        await asyncio.sleep(0)

    async def _answer(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise


def question() -> dict[str, Any]:
    return {"message": {"id": str(uuid.uuid4()), "type": "user_message", "output": "Why?"}}


async def ask(handle: Any, page: Page) -> None:
    await asyncio.create_task(handle(page.sid, question()))


class Nowhere(AnswersElsewhere):
    """Where nothing runs."""

    def __init__(self) -> None:
        pass

    async def stop(self, thread_id: str) -> None:
        pass


async def settle(running: RunningAnswers, page: Page) -> None:
    tasks = running.of(page.session)
    await sockets.stopping(running, Nowhere())(page.sid)
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_answers_of_all_pages_of_a_user_count_together_and_stop_ends_a_pages() -> None:
    answers, running = Answers(), RunningAnswers(MOST)
    handle = sockets.with_few_answers(answers, running)
    first, second, foreign = Page(), Page(), Page("bob")
    await ask(handle, first)
    await ask(handle, second)
    await ask(handle, foreign)
    with pytest.raises(LimitReached):
        await ask(handle, second)
    [(event, shown)] = second.shown
    assert (event, list(shown)) == ("delete_message", ["id"])
    await settle(running, second)
    assert (answers.stopped, running.number("ada"), running.number("bob")) == (1, 1, 1)
    await ask(handle, first)
    assert running.number("ada") == 2
    await settle(running, first)
    await settle(running, foreign)
    assert answers.stopped == 4


async def test_as_the_program_ends_a_question_is_given_back_with_a_sentence() -> None:
    ending = Ending()
    answers, running = Answers(), RunningAnswers(OPEN_ENDED, ending)
    handle = sockets.with_few_answers(answers, running)
    page = Page()
    await ask(handle, page)
    ending.begin()
    with pytest.raises(Stopping) as refused:
        await ask(handle, page)
    assert "being stopped" in str(refused.value.sentence)
    assert (refused.value.status, refused.value.is_news) == (503, True)
    [(event, _)] = page.shown
    assert event == "delete_message"
    assert running.number("ada") == 1, "what runs goes on"
    await settle(running, page)


async def test_many_at_once_are_counted_before_any_has_begun() -> None:
    answers, running = Answers(), RunningAnswers(MOST)
    handle: Any = sockets.with_few_answers(answers, running)
    page = Page()
    asked = [asyncio.create_task(handle(page.sid, question())) for _ in range(100)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(one, LimitReached) for one in done) == 98
    await settle(running, page)


async def test_the_oldest_page_that_was_left_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    line: set[str] = set()
    monkeypatch.setattr(sio.manager, "is_connected", lambda sid, _namespace: sid in line)
    running = RunningAnswers(OPEN_ENDED)

    async def chainlits(sid: str, _environ: Any, _auth: Any) -> bool:
        return True

    connect = sockets.with_few_sessions(chainlits, MOST, running)

    async def come() -> Page:
        page = Page()
        line.add(page.sid)
        await connect(page.sid, {}, {})
        return page

    foreign, first, second = Page("bob"), await come(), await come()
    line.remove(second.sid)
    third = await come()
    assert [page.is_known for page in (first, second, third)] == [True, False, True]
    with pytest.raises(LimitReached) as refused:
        await come()
    assert refused.value.is_news
    line.remove(first.sid)
    busy = asyncio.create_task(asyncio.Event().wait())
    running.go_on(first.session, busy)  # its answer goes on
    with pytest.raises(LimitReached):
        await come()
    busy.cancel()
    await asyncio.gather(busy, return_exceptions=True)
    assert (await come()).is_known
    assert [page.is_known for page in (first, third, foreign)] == [False, True, True]


async def test_of_its_environment_a_page_keeps_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def chainlits(*_: Any) -> bool:
        return True

    connect = sockets.with_few_sessions(chainlits, OPEN_ENDED, RunningAnswers(OPEN_ENDED))
    page = Page(env={"KEY": "k", "OTHER": "x" * 900_000})
    monkeypatch.setattr(config.project, "user_env", ["KEY"])
    await connect(page.sid, {}, {})
    assert page.session.user_env == {"KEY": "k"}


async def test_settings_are_those_of_the_panel_and_bounded() -> None:
    reached: list[Any] = []

    async def chainlits(sid: str, chosen: Any) -> None:
        page.session.chat_settings.update(chosen)
        reached.append(chosen)

    page = Page()
    handle = sockets.with_known_settings(chainlits, MOST)
    fitting = {"system_prompt": "Be brief.", "temperature": "0.3", "answer_tokens": 64}
    await handle(page.sid, fitting)
    for wrong in (
        {"other": "x"},
        {"system_prompt": ["x"]},
        {"answer_tokens": math.nan},
        {"temperature": math.inf},
        {"temperature": {"a": 1}},
    ):
        await handle(page.sid, wrong)
    with pytest.raises(LimitReached):
        await handle(page.sid, {"system_prompt": "x" * 2_000})
    assert reached == [fitting]
    assert page.session.chat_settings == fitting


async def test_a_connection_that_is_refused_says_why(caplog: pytest.LogCaptureFixture) -> None:
    auth = {"sessionId": str(uuid.uuid4()), "clientType": "webapp"}

    async def failing(*_: Any) -> bool:
        raise ValueError

    connect = sockets.if_auth_is_valid(failing, MOST)
    with pytest.raises(SocketRefused):
        await connect("sid", {}, auth)
    assert [record.exc_info for record in caplog.records] == [None]
    environ = {"HTTP_ACCEPT_LANGUAGE": "zh-CN"}
    auth["userEnv"] = '{"a": "' + "b" * 2_000 + '"}'
    with pytest.raises(SocketRefused) as refused:
        await connect("sid", environ, auth)
    assert refused.value.error_args == {"message": "页面的环境信息最多 2 kB。"}


def test_of_a_question_is_taken_what_a_page_says() -> None:
    """States, refusals and stars of a message are the program's own."""
    message = {
        "id": "1",
        "type": "user_message",
        "output": "Why?",
        "metadata": {"location": "http://a", "refused": ["2"], "state": "error"},
        "tags": ["x"],
        "modes": {"a": "b"},
        "isError": True,
    }
    assert as_asked(message) == {
        "id": "1",
        "type": "user_message",
        "output": "Why?",
        "createdAt": None,
        "metadata": {"location": "http://a"},
    }
    nothing: dict[str, Any] = {"createdAt": None, "metadata": {}}
    assert as_asked({"id": "1", "metadata": {"location": 5}}) == {"id": "1", **nothing}
    assert as_asked({"metadata": "x", "createdAt": "tomorrow"}) == nothing
