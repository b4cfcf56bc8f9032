"""What a message of a model holds: text, thoughts, images, in all the forms there are. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# The first is DeepSeek's name for it, the second that of most others, the third Ollama's.
_THOUGHTS = ("reasoning_content", "reasoning", "thinking", "thoughts", "reasoning_details")
_IMAGE_TYPE = "image/png"  # of bytes that do not say what they are


@dataclass(frozen=True, slots=True)
class Text:
    """A text, which may be a thought."""

    text: str
    is_thought: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """An image by its address, which may be a `data:` URL."""

    url: str


Part = Text | Image


def parts_of(message: Mapping[str, Any]) -> Iterator[Part]:
    """Yield what a message or a delta holds, its thoughts first."""
    thoughts = (_words(message.get(name)) for name in _THOUGHTS)
    if thought := next(filter(None, thoughts), ""):
        yield Text(thought, is_thought=True)
    yield from _parts(message.get("content"))
    yield from _parts(message.get("refusal"))
    yield from _images(message.get("images"))


def _words(value: Any) -> str:
    """Return the text in a string, a part or a list of such."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_words, value))
    if isinstance(value, dict):
        names = ("text", "thinking", "reasoning", "summary", "content", "value")
        return next(filter(None, (_words(value.get(name)) for name in names)), "")
    return ""


def _parts(content: Any) -> Iterator[Part]:
    if isinstance(content, str):
        yield Text(content)
    elif isinstance(content, list):
        for part in content:
            yield from _parts(part)
    elif isinstance(content, dict):
        yield from _part(content)


def _part(part: Mapping[str, Any]) -> Iterator[Part]:
    kind = str(part.get("type") or "text")
    if "thinking" in kind or "reasoning" in kind:
        yield Text(_words(part), is_thought=True)
    elif "image" in kind:
        yield from _images(part)
    elif kind == "refusal":
        yield Text(_words(part.get("refusal")))
    elif text := _words(part.get("text")):
        yield Text(text)


def _images(value: Any) -> Iterator[Image]:
    """Yield the images in a part or a list of such."""
    if isinstance(value, list):
        for one in value:
            yield from _images(one)
    elif url := _url(value):
        yield Image(url)


def _url(value: Any) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return ""
    for name in ("image_url", "url", "source"):
        if url := _url(value.get(name)):
            return url
    mime = next(filter(None, map(value.get, ("media_type", "mimeType", "mime_type"))), _IMAGE_TYPE)
    data = next(filter(None, map(value.get, ("b64_json", "data", "image_base64"))), None)
    return f"data:{mime};base64,{data}" if isinstance(data, str) else ""
