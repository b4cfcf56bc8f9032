"""A conversation as one Markdown file. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from chat.wording.language import Localized
from datalayer.siblings import Place
from routes.export.conversation import File, Message, title

_ALTERNATIVE = Localized(
    en="alternative {number} of {count}", zh="第 {number} 个版本，共 {count} 个"
)
_SHOWN = Localized(
    en="alternative {number} of {count}, shown", zh="第 {number} 个版本，共 {count} 个，当前显示"
)
_MARKUP = re.compile(r"([\\`*_\[\]<>#|])")


def to_markdown(
    thread: Mapping[str, Any], messages: Iterable[Message], language: str | None = None
) -> str:
    """Return a thread's title, date and messages with their files as links.

    `language` is a tag or an Accept-Language header.
    """
    head = f"# {_escaped(title(thread, language))}\n\n{_time(thread.get('createdAt'))}".strip()
    return "\n\n---\n\n".join([head, *(_message(one, language) for one in messages)]) + "\n"


def _message(message: Message, language: str | None) -> str:
    name = f"**{_escaped(message.name)}**" if message.name else ""
    model = f"({_escaped(message.model)})" if message.model else ""
    about = (
        " ".join(part for part in (name, model) if part),
        _time(message.time),
        _escaped(message.command or ""),
        _alternative(message.alternative, language),
    )
    head = " · ".join(part for part in about if part)
    listed = "\n".join(f"- {_link(file)}" for file in message.files)
    told = f"*{message.ending}*" if message.ending else ""
    return "\n\n".join(part for part in (head, message.text, listed, told) if part)


def _alternative(place: Place | None, language: str | None) -> str:
    if place is None:
        return ""
    said = _SHOWN if place.is_shown else _ALTERNATIVE
    return said.filled(number=place.number, count=place.count).in_language(language)


def _link(file: File) -> str:
    return f"[{_escaped(file.name)}](<{file.url}>)" if file.url else _escaped(file.name)


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _time(told: object) -> str:
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError:
        return ""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
