"""What the events of an answer say, in OpenAI's protocol and what others make of it. Pure."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chat.models import content, replies
from chat.models.base import AnswerInterrupted, Ending, GeneratedImage, Piece, Rethought
from chat.models.thoughts import ThoughtSplitter

Answer = Piece | Rethought | GeneratedImage

# What others say for the two reasons of the protocol that mean something to whoever reads.
_LENGTH = ("length", "max_tokens", "max_output_tokens", "token_limit")
_WITHHELD = (
    *("content_filter", "safety", "recitation", "prohibited_content", "blocklist", "spii"),
    *("sensitive", "refusal", "image_safety"),
)
_BROKEN = ("error", "network_error", "insufficient_system_resource", "aborted", "abort")


@dataclass(slots=True)
class AnswerParser:
    """Makes pieces of events, and knows at the end how the answer ended."""

    _reason: str = ""
    is_done: bool = False
    """Whether the server said that nothing more comes."""
    _usage: Mapping[str, Any] = field(default_factory=dict)
    _splitter: ThoughtSplitter = field(default_factory=ThoughtSplitter)
    _said: str = ""
    _by_delta: bool = False
    _images: set[str] = field(default_factory=set)
    _halves: dict[bool, str] = field(default_factory=dict)

    def feed(self, event: Any) -> Iterator[Answer]:
        """Yield what is to be shown of an event. Raises `replies.ReplyError` for an error."""
        for one in event if isinstance(event, list) else [event]:
            yield from self._event(one if isinstance(one, dict) else {"error": one})

    def finish(self) -> None:
        """Note that the server said that this is all."""
        self.is_done = True

    def end(self) -> Iterator[Answer]:
        """Yield what was held back, once nothing more comes."""
        for is_thought in (True, False):
            if self._halves.pop(is_thought, ""):
                yield from self._text("\ufffd", is_thought=is_thought)
        yield from self._splitter.end()

    def ending(self) -> Ending:
        """Return how the answer ended. Raises `AnswerInterrupted` when nothing said so."""
        if not self._reason and not self.is_done:
            raise AnswerInterrupted
        return Ending(
            reason=_reason(self._reason),
            input_tokens=_count(self._usage, "prompt_tokens", "input_tokens"),
            output_tokens=_count(self._usage, "completion_tokens", "output_tokens"),
        )

    @property
    def is_whole(self) -> bool:
        """Whether the server said that the answer is at its end."""
        return self.is_done or bool(self._reason)

    def _event(self, event: Mapping[str, Any]) -> Iterator[Answer]:
        self._usage = _mapping(event.get("usage")) or self._usage
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():  # some say null for none
            if isinstance(choice, dict) and not choice.get("index"):
                yield from self._choice(choice)
        error = replies.error_of(event)
        if error is None and self._reason.lower() in _BROKEN:
            error = replies.ReplyError(f"The server ended the answer with {self._reason!r}.")
        if error is not None:
            raise error

    def _choice(self, choice: Mapping[str, Any]) -> Iterator[Answer]:
        reason = choice.get("finish_reason")
        self._reason = reason if isinstance(reason, str) and reason else self._reason
        self._usage = _mapping(choice.get("usage")) or self._usage
        delta, message = _mapping(choice.get("delta")), _mapping(choice.get("message"))
        self._by_delta = self._by_delta or bool(delta)
        if self._by_delta and not delta:
            message = self._unsaid(message)
        said = delta or message or {"content": choice.get("text")}
        for part in content.parts_of(said):
            yield from self._part(part)

    def _unsaid(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Leave out what was said, where a server ends with the whole answer once more."""
        text = message.get("content")
        if isinstance(text, str) and text.startswith(self._said):
            return {"content": text.removeprefix(self._said)}
        return message

    def _part(self, part: content.Part) -> Iterator[Answer]:
        match part:
            case content.Text(text, is_thought):
                yield from self._text(self._joined(text, is_thought), is_thought=is_thought)
            case content.Image(url) if url not in self._images:
                self._images.add(url)
                yield from _image(url)

    def _joined(self, text: str, is_thought: bool) -> str:
        """Join the two halves of a character that came in two events."""
        whole = self._halves.pop(is_thought, "") + text
        if whole and "\ud800" <= whole[-1] <= "\udbff":
            self._halves[is_thought] = whole[-1]
            whole = whole[:-1]
        if whole.isascii():
            return whole
        return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _text(self, text: str, *, is_thought: bool) -> Iterator[Answer]:
        if is_thought and text:
            self._splitter.thoughts_came()
            yield Piece(text, is_thought=True)
        elif text:
            self._said += text
            yield from self._splitter.feed(text)


def _image(url: str) -> Iterator[Answer]:
    """Yield an image that came along, or a link to one that is elsewhere."""
    head, _, data = url.partition(",")
    if not url.startswith("data:"):
        yield Piece(f"\n\n[{url}]({url})\n\n")
        return
    try:
        yield GeneratedImage(head[5:].partition(";")[0], base64.b64decode(data))
    except binascii.Error:
        yield Piece("\n\n[an image that cannot be read]\n\n")


def _reason(said: str) -> str:
    """Return what the protocol calls a reason."""
    lower = said.lower()
    if lower in _LENGTH:
        return "length"
    return "content_filter" if lower in _WITHHELD else "stop"


def _count(usage: Mapping[str, Any], *names: str) -> int | None:
    found = [usage[name] for name in names if isinstance(usage.get(name), int)]
    return found[0] if found else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
