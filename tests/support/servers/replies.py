"""A model's server that sends what a script says, byte for byte: replies.json has the entries.

Each stands for something that real servers send. A question that contains an entry's name gets
that entry; every request is kept.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

Body = dict[str, Any]

_ENTRIES = Path(__file__).with_suffix(".json")
_ALTERNATE = "roles_must_alternate"


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent: a body in chunks, each of which is sent by itself."""

    chunks: Sequence[str | bytes] = ()
    status: int = 200
    content_type: str = "text/event-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    is_cut: bool = False
    """The line is cut after the last chunk."""


def events(*chunks: Mapping[str, Any], done: bool = True) -> Reply:
    """Return an event stream of these chunks of an answer."""
    sent = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return Reply([*sent, *(["data: [DONE]\n\n"] if done else [])])


def delta(finish_reason: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return a chunk of an answer."""
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish_reason}]}


def answer(text: str) -> Reply:
    """Return a whole answer as a stream."""
    return events(delta(role="assistant", content=text), delta("stop"))


def error(status: int, message: str, **more: Any) -> Reply:
    """Return a refusal in OpenAI's form; `more` goes beside its message."""
    body = json.dumps({"error": {"message": message, **more}})
    return Reply([body], status, "application/json")


def load_replies() -> dict[str, Reply]:
    """Return the entries of replies.json by name."""
    entries: dict[str, dict[str, Any]] = json.loads(_ENTRIES.read_text())
    return {
        name: Reply(
            entry["chunks"], entry["status"], entry["content_type"], entry.get("headers", {})
        )
        for name, entry in entries.items()
    }


def alternates(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a strict server takes these messages.

    After the instructions questions and answers alternate, the first and the last is a question.
    """
    roles = [message["role"] for message in messages]
    talk = roles[1:] if roles[:1] == ["system"] else roles
    return len(talk) % 2 == 1 and all(
        role == ("assistant" if index % 2 else "user") for index, role in enumerate(talk)
    )


# These entries are sent while a request has what they refuse; without it there is an answer.
CONDITIONS: Mapping[str, Callable[[Body], bool]] = {
    "rejects_max_tokens": lambda body: "max_tokens" in body,
    "rejects_system": lambda body: body["messages"][0]["role"] == "system",
    _ALTERNATE: lambda body: not alternates(body["messages"]),
}


class RepliesServer:
    """Answers each request as `choose` says; by default with the entry that it names."""

    def __init__(self, replies: Mapping[str, Reply] | None = None) -> None:
        self._first = load_replies() if replies is None else replies
        self.url = ""
        self.reset()

    def reset(self) -> None:
        """Answer as at first, and forget what was asked."""
        self.replies = dict(self._first)
        self.queues: dict[str, list[Reply]] = {}
        """What comes before an entry, one for each request: first busy, then well, for example."""
        self.requests: list[Body] = []
        self.paths: list[str] = []
        self.closed = 0
        """How many of the requests the client has closed before their end."""
        self.choose: Callable[[Body], Reply] = self._named
        self.before: Callable[[Body], Awaitable[None]] = _at_once
        """Awaited before the status is sent."""
        self.between: Callable[[int], Awaitable[None]] = _at_once
        """Awaited before each chunk, with its number from 0."""
        self.is_strict = True
        """Whether roles that do not alternate are refused."""

    def asked(self, words: str) -> list[Body]:
        """Return the requests whose question contains these words."""
        return [body for body in self.requests if words in last_question(body)]

    def _named(self, body: Body) -> Reply:
        question = last_question(body)
        queued = [name for name, queue in self.queues.items() if queue]
        found = [name for name in (*queued, *self.replies) if name in question]
        name = max(found, key=len, default="")
        if self.queues.get(name):
            return self.queues[name].pop(0)
        condition = CONDITIONS.get(name)
        if name in self.replies and (condition is None or condition(body)):
            return self.replies[name]
        return answer(f"Answer to: {question}")

    def _reply(self, body: Body) -> Reply:
        if self.is_strict and not alternates(body["messages"]):
            return load_replies()[_ALTERNATE]
        return self.choose(body)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if request.method == "GET" and request.path.endswith("/models"):
            return web.json_response({"data": [{"id": "scripted"}]})
        body = await request.json()
        self.requests.append(body)
        self.paths.append(request.path_qs)
        try:
            await self.before(body)
            return await self._send(request, self._reply(body))
        except (ConnectionError, asyncio.CancelledError):
            self.closed += 1
            raise

    async def _send(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        headers = {"Content-Type": reply.content_type, **reply.headers}
        response = web.StreamResponse(status=reply.status, headers=headers)
        await response.prepare(request)
        for number, chunk in enumerate(reply.chunks):
            await self.between(number)
            await response.write(_encoded(chunk))
        if reply.is_cut and request.transport:
            request.transport.abort()
        else:
            await response.write_eof()
        return response


def last_question(body: Body) -> str:
    """Return the text of a request's last message."""
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else _text(content)


def _text(parts: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(part["text"] for part in parts if part["type"] == "text")


def _encoded(chunk: str | bytes) -> bytes:
    # A lone surrogate stands for half of a pair that a server has split.
    return chunk if isinstance(chunk, bytes) else chunk.encode("utf-8", "surrogatepass")


async def _at_once(_about: object) -> None:
    """Wait for nothing."""


@asynccontextmanager
async def running_replies(
    replies: Mapping[str, Reply] | None = None, *, port: int = 0
) -> AsyncIterator[RepliesServer]:
    """Run such a server in this loop, on a free port unless one is given."""
    server = RepliesServer(replies)
    app = web.Application(client_max_size=1 << 28)
    app.router.add_route("*", "/{path:.*}", server.handle)
    # A handler is cancelled when its client goes, as it is when the server ends.
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()
