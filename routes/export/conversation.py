"""A conversation as it is exported, whatever the form: its messages, with who says what. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urljoin

from chat.wording.endings import ending_line
from chat.wording.language import Localized
from datalayer.sections import (
    ARCHIVE,
    ARCHIVED,
    FOLDER,
    PINNED,
    folder_of,
    is_pinned,
    section_of,
)
from datalayer.siblings import Place

NOWHERE: Mapping[str, Place] = {}
UNTITLED = Localized(en="Conversation", zh="对话")

_ROLES = {"user_message": "user", "assistant_message": "assistant"}


@dataclass(frozen=True, slots=True)
class File:
    """A file of a message; `url` is None where there is none to fetch it from."""

    name: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """A question or an answer; `ending` says why an answer is not whole."""

    role: str
    name: str
    model: str | None
    time: str | None
    command: str | None
    text: str
    files: tuple[File, ...]
    ending: str | None
    alternative: Place | None


def title(thread: Mapping[str, Any], language: str | None = None) -> str:
    """Return a thread's name as one line."""
    return " ".join(str(thread.get("name") or "").split()) or UNTITLED.in_language(language)


def messages_of(
    thread: Mapping[str, Any],
    *,
    origin: str,
    places: Mapping[str, Place] = NOWHERE,
    language: str | None = None,
) -> list[Message]:
    """Return a thread's messages.

    What was thought and what went wrong on the way is left out; an answer that is not whole says
    why, as its `metadata.state` tells. `origin` is where links lead: the scheme and host of this
    server. `places` tell of messages that they have alternatives.
    """
    files = _files(thread.get("elements") or [], origin)
    return [
        _message(step, tuple(files[step["id"]]), places.get(step["id"]), language)
        for step in thread.get("steps") or []
        if step.get("type") in _ROLES and not step.get("isError")
    ]


def to_json(thread: Mapping[str, Any], messages: Iterable[Message]) -> dict[str, Any]:
    """Return a thread for other programs."""
    return {
        "id": thread.get("id"),
        "title": thread.get("name"),
        "time": thread.get("createdAt"),
        **_place(thread.get("metadata") or {}),
        "messages": [asdict(message) for message in messages],
    }


def _place(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return where its user has a thread, as far as that is told."""
    place = {PINNED: is_pinned(metadata), FOLDER: folder_of(metadata)}
    return {name: value for name, value in place.items() if value} | (
        {ARCHIVED: True} if section_of(metadata) == ARCHIVE else {}
    )


def _files(elements: Iterable[Mapping[str, Any]], origin: str) -> dict[str, list[File]]:
    files: dict[str, list[File]] = defaultdict(list)
    for element in elements:
        name, url = str(element.get("name") or ""), str(element.get("url") or "")
        if name and element.get("type") != "custom":
            files[str(element.get("forId"))].append(
                File(name, urljoin(origin, url) if url else None)
            )
    return files


def _message(
    step: Mapping[str, Any], files: tuple[File, ...], place: Place | None, language: str | None
) -> Message:
    about = step.get("metadata") or {}
    return Message(
        role=_ROLES[step["type"]],
        name=str(step.get("name") or ""),
        model=about.get("model"),
        time=step.get("createdAt"),
        command=step.get("command"),
        text=str(step.get("output") or "").strip(),
        files=files,
        ending=ending_line(about.get("state"), language) or None,
        alternative=place,
    )
