"""What a server sends: a stream of events, however it cuts and ends lines, or one JSON. Pure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

LONGEST_EVENT = 64 * 2**20  # bytes; an image that a model made is one event

DONE: Final = "[DONE]"
"""What a server says after its last event; never the value of an event."""

_LINE_END = re.compile(rb"\r\n|\n|\r")
_MARK = "\ufeff"
_decoder = json.JSONDecoder(strict=False)  # some servers leave line ends in strings as they are


class NotAnEvent(Exception):
    """What came is no JSON, or has no end; the message has its beginning."""


@dataclass(slots=True)
class EventReader:
    """Takes a stream's bytes as they come and yields the values of the events that are whole.

    Lines end with LF, CRLF or CR; comments and empty events are left out. An event whose JSON is
    whole is told at once, since some servers leave out the blank line after it.
    """

    _line: list[bytes] = field(default_factory=list)
    _length: int = 0
    _after_cr: bool = False
    _data: str = ""

    def feed(self, chunk: bytes) -> Iterator[Any]:
        """Yield what this chunk completes, `DONE` among it. Raises `NotAnEvent`."""
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r")
        first, *others = _LINE_END.split(chunk)
        self._keep(first)
        for part in others:
            yield from self._take(self._whole_line())
            self._keep(part)

    def end(self) -> Iterator[Any]:
        """Yield what a last line without an end says. Raises `NotAnEvent`."""
        yield from self._take(self._whole_line())
        yield from self._take("")

    def _keep(self, part: bytes) -> None:
        self._length += len(part)
        if self._length > LONGEST_EVENT:
            message = f"An event is longer than {LONGEST_EVENT} bytes."
            raise NotAnEvent(message)
        self._line.append(part)

    def _whole_line(self) -> str:
        line, self._line = b"".join(self._line), []
        self._length = len(self._data)
        return line.decode("utf-8", "replace").removeprefix(_MARK)

    def _take(self, line: str) -> Iterator[Any]:
        if not line.strip():
            if self._data:
                raise NotAnEvent(beginning(self._data))
            return
        name, _, value = line.partition(":")
        if name != "data":
            return
        self._data += value.strip()
        if self._data == DONE:
            self._data = ""
            yield DONE
        elif self._data:
            yield from self._decoded()

    def _decoded(self) -> Iterator[Any]:
        try:
            value = _decoder.decode(self._data)
        except ValueError:
            return  # its JSON goes on in the next line, or never was any
        self._data = ""
        yield value


def values_of(body: bytes) -> list[Any]:
    """Return what a body that is no stream says: one JSON, or one a line. Raises `NotAnEvent`."""
    text = body.decode("utf-8", "replace").removeprefix(_MARK).strip()
    try:
        return [_decoder.decode(text)]
    except ValueError:
        pass
    try:
        return [_decoder.decode(line) for line in text.splitlines() if line.strip()]
    except ValueError as exc:
        raise NotAnEvent(beginning(text)) from exc


def beginning(text: str, length: int = 200) -> str:
    """Return the beginning of what a server said, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= length else f"{words[: length - 1]}…"
