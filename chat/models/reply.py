"""Reading a server's reply as it comes: events, one JSON, or what is no answer at all."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx2
import openai

from chat.models.base import AnswerInterrupted, Ending, NoChatAPI
from chat.models.events import DONE, LONGEST_EVENT, EventReader, NotAnEvent, beginning, values_of
from chat.models.parser import Answer, AnswerParser
from chat.models.replies import ReplyError, error_of

_FIELD = re.compile(rb"(data|event|id|retry)?\s*:")
_ADDRESS = re.compile(r"endpoint|method|path|route|\burl\b|not found", re.IGNORECASE)
DRAIN_S = 0.25
_MARK = b"\xef\xbb\xbf"


class _Reader(Protocol):
    def feed(self, chunk: bytes) -> Iterator[Any]: ...

    def end(self) -> Iterator[Any]: ...


@dataclass(slots=True)
class _WholeReader:
    """Reads a body that is one JSON, from a server that does not stream."""

    _body: bytearray = field(default_factory=bytearray)

    def feed(self, chunk: bytes) -> Iterator[Any]:
        self._body += chunk
        if len(self._body) > LONGEST_EVENT:
            message = f"A reply is longer than {LONGEST_EVENT} bytes."
            raise NotAnEvent(message)
        yield from ()

    def end(self) -> Iterator[Any]:
        for value in values_of(bytes(self._body)):
            _check_is_answer(value)
            yield value
        yield DONE


def _check_is_answer(value: Any) -> None:
    """Raise `NoChatAPI` where the JSON is that of some other service."""
    event = value if isinstance(value, dict) else {}
    error = error_of(event)
    is_elsewhere = error is not None and isinstance(event.get("error"), str)
    if error is None and "choices" not in event:
        raise NoChatAPI(beginning(str(value)))
    if error is not None and is_elsewhere and _ADDRESS.search(str(error)):
        raise NoChatAPI(beginning(str(error)))


def _now() -> float:
    return asyncio.get_running_loop().time()


class Reply:
    """One reply: batches of what has arrived, each as soon as it is there."""

    def __init__(self, response: httpx2.Response, *, begins_within_s: float, silent_s: float):
        self._response = response
        self._parser = AnswerParser()
        self._reader: _Reader | None = None
        self._begun = False
        self._failure: Exception | None = None
        self._silent_s = silent_s
        self._deadline = _now() + begins_within_s

    async def batches(self) -> AsyncGenerator[list[Answer | Ending], None]:
        """Yield what has arrived since it was last asked, and at last the ending.

        Raises as `Model.stream` does.
        """
        async with aclosing(self._chunks()) as chunks:
            is_last = False
            while not is_last:
                answers, is_last = await self._next(chunks)
                self._begun = self._begun or bool(answers)
                if is_last and not self._failure:
                    yield [*answers, self._parser.ending()]
                    await self._drain(chunks)
                elif answers:
                    yield [*answers]
                    self._deadline = _now() + self._silent_s
        if self._failure:
            raise self._failed(self._failure) from self._failure

    async def _next(self, chunks: AsyncIterator[bytes]) -> tuple[list[Answer], bool]:
        """Return what the next chunk says, and whether it is the last; notes what fails then."""
        answers: list[Answer] = []
        is_last = True
        try:
            chunk = await anext(chunks, None)
            for value in self._values(chunk):
                answers.extend(self._said(value))
            is_last = chunk is None or self._parser.is_done
        except (NotAnEvent, ReplyError, httpx2.RequestError, TimeoutError) as exc:
            if not self._parser.is_whole or isinstance(exc, ReplyError):
                self._failure = exc
        if is_last:
            answers.extend(self._parser.end())
        return answers, is_last

    def _said(self, value: Any) -> Iterator[Answer]:
        if value is DONE:
            self._parser.finish()
            return iter(())
        return self._parser.feed(value)

    def _values(self, chunk: bytes | None) -> Iterator[Any]:
        if chunk is None and self._reader is None:
            raise NoChatAPI("an empty reply")
        if self._reader is None:
            self._reader = _reader((chunk or b"").removeprefix(_MARK).lstrip())
        return self._reader.end() if chunk is None else self._reader.feed(chunk)

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        chunks = self._response.aiter_bytes()
        while True:
            async with asyncio.timeout_at(self._deadline):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            if chunk and (self._reader or chunk.removeprefix(_MARK).strip()):
                yield chunk

    async def _drain(self, chunks: AsyncIterator[bytes]) -> None:
        """Read what follows the end: only then can the connection be used again."""
        self._deadline = _now() + DRAIN_S
        with suppress(httpx2.RequestError, TimeoutError):
            async for _ in chunks:
                pass

    def _failed(self, exc: Exception) -> Exception:
        """Return the error for an answer that has, or has not, begun."""
        if self._begun or isinstance(exc, NotAnEvent):
            return AnswerInterrupted(str(exc))
        request = self._response.request
        if isinstance(exc, TimeoutError):
            return openai.APITimeoutError(request)
        if isinstance(exc, ReplyError):
            return openai.APIError(str(exc), request, body={"code": exc.code, "message": str(exc)})
        return openai.APIConnectionError(request=request)


def _reader(start: bytes) -> _Reader:
    if start[:1] in (b"{", b"["):
        return _WholeReader()
    if _FIELD.match(start):
        return EventReader()
    raise NoChatAPI(beginning(start.decode("utf-8", "replace")))
