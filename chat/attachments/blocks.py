"""Files as the model gets them: blocks of text after the user's own, and images. Pure."""

import html
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chat.attachments import sentences
from chat.attachments.results import ExtractedText, Picture, Reading, Reason, Unread
from chat.attachments.shares import share
from chat.models.tokens import estimate_tokens, first_tokens
from chat.wording.language import Localized

IMAGE_TOKENS = 1_000  # about what the common models count for an image of our size
_HEAD_TOKENS = 40  # what a block costs besides the file's name and text
_CLOSING = re.compile(r"<(?=/file)", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class NamedReading:
    """What an attached file holds; None for an older image that is not sent again."""

    name: str
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class FittedFiles:
    """The files of one message within a budget; `notes` are sentences for its user."""

    text: str = ""
    images: tuple[Picture, ...] = ()
    notes: tuple[Localized[str], ...] = ()

    @property
    def tokens(self) -> int:
        """About how many tokens they cost."""
        text = estimate_tokens(self.text) if self.text else 0
        return text + IMAGE_TOKENS * len(self.images)


@dataclass(frozen=True, slots=True)
class PromptLimits:
    """The most tokens of text that one message's files may have, and what the model can take."""

    file_tokens: int = 0
    sees_images: bool = True
    refused_images: frozenset[str] = frozenset()
    """The ids of the messages whose images the model's server has refused."""

    def of(self, message_id: str) -> "PromptLimits":
        """Return the limits of one message: no images where its own were refused."""
        is_refused = message_id in self.refused_images
        return replace(self, refused_images=frozenset([message_id] if is_refused else []))

    @property
    def takes_images(self) -> bool:
        """Whether the images of a message may be sent, by its own limits."""
        return self.sees_images and not self.refused_images


@dataclass(frozen=True, slots=True)
class PromptFiles:
    """The files of a conversation: those of the question, and those of earlier messages by id."""

    question: FittedFiles = FittedFiles()
    earlier: Mapping[str, Sequence[NamedReading]] = field(default_factory=dict)
    limits: PromptLimits = PromptLimits()

    def of(self, message_id: str, budget: int) -> FittedFiles:
        """Return the files of an earlier message, cut to what is left of the budget."""
        return fit(self.earlier.get(message_id, ()), budget, self.limits.of(message_id))


def fit(files: Sequence[NamedReading], budget: int, limits: PromptLimits) -> FittedFiles:
    """Return files as text and images that cost about `budget` tokens at most.

    Short texts stay whole, long ones are cut to equal lengths.
    """
    if not files:
        return FittedFiles()
    heads = sum(_HEAD_TOKENS + _tokens(file.name) for file in files)
    images = _fitting_images(files, budget - heads, limits)
    left = min(limits.file_tokens, budget - IMAGE_TOKENS * len(images)) - heads
    shares = share([_text_tokens(file) for file in files], left)
    blocks = [
        _block(file, tokens, images, limits) for file, tokens in zip(files, shares, strict=True)
    ]
    return FittedFiles(
        "\n\n".join(block for block, _ in blocks),
        tuple(image.reading for image in images if isinstance(image.reading, Picture)),
        tuple(note for _, note in blocks if note),
    )


def _fitting_images(
    files: Sequence[NamedReading], budget: int, limits: PromptLimits
) -> list[NamedReading]:
    images = [file for file in files if isinstance(file.reading, Picture)]
    return images[: max(0, budget) // IMAGE_TOKENS] if limits.takes_images else []


def message_parts(text: str, files: FittedFiles) -> list[dict[str, Any]]:
    """Return the parts of a message's content as OpenAI's protocol has them."""
    whole = "\n\n".join(part for part in (text, files.text) if part)
    words = [{"type": "text", "text": whole}]
    return [*words, *(_image_part(image) for image in files.images)]


def _image_part(image: Picture) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:{image.mime};base64,{image.data}"}}


def _text_tokens(file: NamedReading) -> int:
    return _tokens(file.reading.text) if isinstance(file.reading, ExtractedText) else 0


def _tokens(text: str) -> int:
    """Return how many tokens a text adds to a message."""
    return estimate_tokens(text) - estimate_tokens("")


def _block(
    file: NamedReading, tokens: int, images: Sequence[NamedReading], limits: PromptLimits
) -> tuple[str, Localized[str] | None]:
    """Return a file's block, and the sentence for its user where there is one to say."""
    match file.reading:
        case ExtractedText() as text:
            return _text_block(file.name, text, tokens)
        case Unread(reason=Reason.IMAGE) if not limits.sees_images:
            # Saved otherwise it would not be seen either.
            words = "[an image, which you cannot see]"
            return _wrapped(file.name, words), sentences.image_not_seen(file.name)
        case Unread(reason=reason):
            words = f"[could not be read: {sentences.why(reason)}]"
            return _wrapped(file.name, words), sentences.not_read(file.name, reason)
        case Picture() as image:
            return _image_block(file, image, images, limits)
        case _:
            return _wrapped(file.name, "[an image from earlier, not shown again]"), None


def _image_block(
    file: NamedReading, image: Picture, images: Sequence[NamedReading], limits: PromptLimits
) -> tuple[str, Localized[str] | None]:
    words, note = _image_words(file, image, images, limits)
    if image.words:
        words += f"\n[what is written in it]\n{image.words}"
    return _wrapped(file.name, words), note


def _image_words(
    file: NamedReading, image: Picture, images: Sequence[NamedReading], limits: PromptLimits
) -> tuple[str, Localized[str] | None]:
    for number, other in enumerate(images, 1):
        if other is file:
            return _shown_image(file.name, number, image)
    if limits.takes_images:
        return "[an image, not shown]", sentences.image_not_fitting(file.name)
    said = sentences.image_refused if limits.refused_images else sentences.image_not_seen
    return "[an image, which you cannot see]", said(file.name)


def _shown_image(name: str, number: int, image: Picture) -> tuple[str, Localized[str] | None]:
    words = f"[image {number} of this message]"
    if not image.remarks:
        return words, None
    words += f" [{sentences.remarked(image.remarks)}]"
    return words, sentences.noted(name, sentences.facts(image.remarks))


def _text_block(name: str, text: ExtractedText, tokens: int) -> tuple[str, Localized[str] | None]:
    kept = first_tokens(text.text, tokens)
    words, facts = kept, sentences.facts(text.remarks)
    if text.total is None or len(kept) < text.total:
        first, whole = _tokens(kept), _whole(text)
        words = f"{kept}\n[… cut: {sentences.part(first, whole)} …]"
        facts.insert(0, sentences.was_cut(first, whole))
    if text.remarks:
        words = f"[{sentences.remarked(text.remarks)}]\n{words}"
    note = sentences.noted(name, facts) if facts else None
    return _wrapped(name, words, text.counts), note


def _whole(text: ExtractedText) -> int | None:
    """Return about how many tokens the file has; None where that is not known."""
    if text.total is None:
        return None
    return _about(_tokens(text.text) * text.total / max(1, len(text.text)))


def _about(tokens: float) -> int:
    """Round to two digits: it is an estimate, and shall look like one."""
    if tokens < 100:
        return math.ceil(tokens)
    return int(round(tokens, 1 - math.floor(math.log10(tokens))))


def _wrapped(name: str, inside: str, counts: Mapping[str, int] | None = None) -> str:
    shown = html.escape(_SPACE.sub(" ", name))
    more = "".join(f' {what}="{number}"' for what, number in (counts or {}).items())
    return f'<file name="{shown}"{more}>\n{_CLOSING.sub("&lt;", inside)}\n</file>'
