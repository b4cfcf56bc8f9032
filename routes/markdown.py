"""A conversation as one Markdown file. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from chat.wording.endings import ending_line
from datalayer.siblings import Place

NOWHERE: Mapping[str, Place] = {}

_MESSAGES = ("user_message", "assistant_message")
_MARKUP = re.compile(r"([\\`*_\[\]<>#|])")


def to_markdown(
    thread: Mapping[str, Any],
    *,
    origin: str,
    places: Mapping[str, Place] = NOWHERE,
    language: str | None = None,
) -> str:
    """Return a thread's title, date and messages with their files as links.

    What was thought and what went wrong on the way is left out; an answer that is not whole says
    why, as its `metadata.state` tells. `origin` is where the links lead: the scheme and host of
    this server. `places` tell of messages that they have alternatives; `language` is a tag or an
    Accept-Language header.
    """
    files: dict[str, list[str]] = defaultdict(list)
    for element in thread.get("elements") or []:
        if link := _link(element, origin):
            files[str(element.get("forId"))].append(link)
    messages = [step for step in thread.get("steps") or [] if _counts(step)]
    head = f"# {_escaped(title(thread))}\n\n{_time(thread.get('createdAt'))}".strip()
    parts = (
        _message(step, files[step["id"]], places.get(step["id"]), language) for step in messages
    )
    return "\n\n---\n\n".join([head, *parts]) + "\n"


def title(thread: Mapping[str, Any]) -> str:
    """Return a thread's name as one line."""
    return " ".join(str(thread.get("name") or "").split()) or "Conversation"


def _counts(step: Mapping[str, Any]) -> bool:
    return step.get("type") in _MESSAGES and not step.get("isError")


def _message(
    step: Mapping[str, Any], files: Iterable[str], place: Place | None, language: str | None
) -> str:
    command = step.get("command")
    name = _escaped(str(step.get("name") or "Unknown"))
    moment = _time(step.get("createdAt"))
    about = (f"**{name}**", moment, _escaped(str(command or "")), _alternative(place))
    head = " · ".join(part for part in about if part)
    listed = "\n".join(f"- {link}" for link in files)
    text = str(step.get("output") or "").strip()
    ending = ending_line((step.get("metadata") or {}).get("state"), language)
    told = f"*{ending}*" if ending else ""
    return "\n\n".join(part for part in (head, text, listed, told) if part)


def _alternative(place: Place | None) -> str:
    if place is None:
        return ""
    shown = ", shown" if place.is_shown else ""
    return f"alternative {place.number} of {place.count}{shown}"


def _link(element: Mapping[str, Any], origin: str) -> str | None:
    name, url = str(element.get("name") or ""), str(element.get("url") or "")
    if not name or element.get("type") == "custom":
        return None
    return f"[{_escaped(name)}](<{urljoin(origin, url)}>)" if url else _escaped(name)


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _time(told: object) -> str:
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError:
        return ""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
