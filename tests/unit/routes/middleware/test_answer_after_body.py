"""Answers wait for small bodies that nobody reads, and for no others."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from routes.middleware import answer_after_body
from routes.middleware.answer_after_body import SMALL, AnswerAfterBody

Headers = list[tuple[bytes, bytes]]
PARTS = [b"one", b"two"]
CHUNKED: Headers = [(b"transfer-encoding", b"chunked")]


def of_length(length: int) -> Headers:
    return [(b"content-length", str(length).encode())]


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("no", 403)(scope, receive, send)


async def read_first(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await refuse(scope, receive, send)


async def read_beside(scope: Scope, receive: Receive, send: Send) -> None:
    """As an answer in pieces does, which looks whether somebody is still there."""
    looking = asyncio.ensure_future(read_first(scope, receive, _nothing))
    await asyncio.sleep(0)
    await refuse(scope, receive, send)
    await looking


async def _nothing(_message: Message) -> None:
    pass


async def happened(app: object, headers: Headers, parts: Iterable[bytes | None]) -> list[str]:
    """Return what was taken and what was sent, in its order; a part that is None never comes."""
    order: list[str] = []
    coming = list(parts)

    async def receive() -> Message:
        part = coming.pop(0)
        await asyncio.sleep(0)
        if part is None:
            await asyncio.Event().wait()
        order.append("taken")
        return {"type": "http.request", "body": part, "more_body": bool(coming)}

    async def send(message: Message) -> None:
        order.append(message["type"].removeprefix("http.response."))

    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    await AnswerAfterBody(app)(scope, receive, send)  # type: ignore[arg-type]
    return [one for one in order if one in ("taken", "start")]


@pytest.mark.parametrize("app", [refuse, read_first, read_beside])
@pytest.mark.parametrize("headers", [of_length(6), CHUNKED])
async def test_a_small_body_comes_first(app: object, headers: Headers) -> None:
    order = await happened(app, headers, PARTS)
    assert order[:3] == ["taken", "taken", "start"]


async def test_a_large_body_is_not_waited_for() -> None:
    assert await happened(refuse, of_length(SMALL + 1), PARTS) == ["start"]


async def test_of_a_body_of_unknown_size_no_more_is_taken() -> None:
    parts = [b"x" * (SMALL // 2)] * 9
    assert await happened(refuse, CHUNKED, parts) == ["taken", "taken", "taken", "start"]


async def test_where_there_is_no_body_nothing_is_asked_for() -> None:
    assert await happened(refuse, [], []) == ["start"]
    assert await happened(refuse, of_length(0), []) == ["start"]


async def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_after_body, "PATIENCE_S", 0.01)
    assert await happened(refuse, of_length(6), [b"one", None]) == ["taken", "start"]
