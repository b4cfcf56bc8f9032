"""Files as the model gets them: blocks of text after the user's own, and images. Pure."""

import html
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chat.attachments import phrases
from chat.attachments.results import Picture, Reading, Text, Unread
from chat.models.tokens import estimate_tokens, first_tokens

IMAGE_TOKENS = 1_000  # about what the common models count for an image of our size
_HEAD_TOKENS = 40  # what a block costs besides the file's name and text
_CLOSING = re.compile(r"<(?=/file)", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class File:
    """An attached file; `reading` is None for an older image that is not sent again."""

    name: str
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class Fitted:
    """The files of one message within a budget; `notes` are sentences for its user."""

    text: str = ""
    images: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def tokens(self) -> int:
        """About how many tokens they cost."""
        text = estimate_tokens(self.text) if self.text else 0
        return text + IMAGE_TOKENS * len(self.images)


@dataclass(frozen=True, slots=True)
class Rules:
    """The most tokens of text that one message's files may have, and what the model can take."""

    file_tokens: int = 0
    sees_images: bool = True


@dataclass(frozen=True, slots=True)
class Attached:
    """The files of a conversation: those of the question, and those of earlier messages by id."""

    question: Fitted = Fitted()
    earlier: Mapping[str, Sequence[File]] = field(default_factory=dict)
    rules: Rules = Rules()

    def of(self, step_id: object, room: int) -> Fitted:
        """Return the files of an earlier message, cut to what is left of the budget."""
        return fit(self.earlier.get(str(step_id), ()), room, self.rules)


def fit(files: Sequence[File], room: int, rules: Rules) -> Fitted:
    """Return files as text and images that cost about `room` tokens at most.

    Short texts stay whole, long ones are cut to equal lengths.
    """
    if not files:
        return Fitted()
    heads = sum(_HEAD_TOKENS + _of(file.name) for file in files)
    shown = _shown(files, room - heads, rules)
    left = min(rules.file_tokens, room - IMAGE_TOKENS * len(shown)) - heads
    shares = share([_tokens(file) for file in files], left)
    blocks = [
        _block(file, tokens, shown, rules) for file, tokens in zip(files, shares, strict=True)
    ]
    return Fitted(
        "\n\n".join(block for block, _ in blocks),
        tuple(file.reading for file in shown if isinstance(file.reading, Picture)),
        tuple(note for _, note in blocks if note),
    )


def _shown(files: Sequence[File], room: int, rules: Rules) -> list[File]:
    """Return the images for which there is room."""
    images = [file for file in files if isinstance(file.reading, Picture)]
    return images[: max(0, room) // IMAGE_TOKENS] if rules.sees_images else []


def share(needs: Sequence[int], room: int) -> list[int]:
    """Divide room fairly: who needs less than an equal part gets it all, the rest is divided."""
    given = [0] * len(needs)
    left = max(0, room)
    by_need = sorted(range(len(needs)), key=lambda place: needs[place])
    for rank, place in enumerate(by_need):
        given[place] = min(needs[place], left // (len(needs) - rank))
        left -= given[place]
    return given


def content(text: str, fitted: Fitted) -> str | list[dict[str, Any]]:
    """Return a message's content as OpenAI's protocol has it."""
    whole = "\n\n".join(part for part in (text, fitted.text) if part)
    if not fitted.images:
        return whole
    words = [{"type": "text", "text": whole}]
    return [*words, *(_image_part(image) for image in fitted.images)]


def _image_part(image: Picture) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:{image.mime};base64,{image.data}"}}


def _tokens(file: File) -> int:
    return _of(file.reading.text) if isinstance(file.reading, Text) else 0


def _of(text: str) -> int:
    return estimate_tokens(text) - estimate_tokens("")


def _block(file: File, tokens: int, shown: Sequence[File], rules: Rules) -> tuple[str, str | None]:
    """Return a file's block, and the sentence for its user where there is one to say."""
    match file.reading:
        case Text() as read:
            return _text_block(file.name, read, tokens)
        case Unread(reason=reason):
            said = f"[could not be read: {phrases.why(reason)}]"
            return _wrapped(file.name, said), phrases.not_read(file.name, reason)
        case Picture():
            return _picture_block(file, shown, rules)
        case _:
            return _wrapped(file.name, "[an image from earlier, not shown again]"), None


def _picture_block(file: File, shown: Sequence[File], rules: Rules) -> tuple[str, str | None]:
    for number, other in enumerate(shown, 1):
        if other is file:
            return _wrapped(file.name, f"[image {number} of this message]"), None
    if rules.sees_images:
        return _wrapped(file.name, "[an image, not shown]"), phrases.no_room(file.name)
    return _wrapped(file.name, "[an image, which you cannot see]"), phrases.not_seen(file.name)


def _text_block(name: str, read: Text, tokens: int) -> tuple[str, str | None]:
    kept = first_tokens(read.text, tokens)
    if read.total is not None and len(kept) >= read.total:
        return _wrapped(name, kept, read.counts), None
    first, whole = _of(kept), _whole(read)
    said = f"{kept}\n[… cut: {phrases.part(first, whole)} …]"
    return _wrapped(name, said, read.counts), phrases.was_cut(name, first, whole)


def _whole(read: Text) -> int | None:
    if read.total is None:
        return None
    return _about(_of(read.text) * read.total / max(1, len(read.text)))


def _about(tokens: float) -> int:
    """Round to two digits: it is an estimate, and shall look like one."""
    if tokens < 100:
        return math.ceil(tokens)
    return int(round(tokens, 1 - math.floor(math.log10(tokens))))


def _wrapped(name: str, inside: str, counts: Mapping[str, int] | None = None) -> str:
    shown = html.escape(_SPACE.sub(" ", name))
    more = "".join(f' {what}="{number}"' for what, number in (counts or {}).items())
    return f'<file name="{shown}"{more}>\n{_CLOSING.sub("&lt;", inside)}\n</file>'
