"""Which files belong to which message: those that are stored, and those of the running session."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import chainlit as cl
from chainlit.chat_context import chat_context

from datalayer.records import ElementRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class AttachedFile:
    """A file of a message; `path` is its copy in the running session, where there is one."""

    thread_id: str
    id: str
    message_id: str
    name: str
    is_image: bool
    path: Path | None = None
    sha256: str | None = None
    """Of its bytes, where it is known."""


def files_by_message(
    question: cl.Message, elements: Iterable[ElementRecord]
) -> dict[str, list[AttachedFile]]:
    """Return the files of each message of a conversation, every file once."""
    stored = (_stored(element) for element in elements if _is_file(element))
    files = {file.id: file for file in (*stored, *_held_by_session(question))}
    found: dict[str, list[AttachedFile]] = {}
    for file in files.values():
        found.setdefault(file.message_id, []).append(file)
    return found


def sent_with(question: cl.Message) -> list[str]:
    """Return the ids of the files that came with a question."""
    return [element.id for element in question.elements or () if element.path]


def _is_file(element: ElementRecord) -> bool:
    return bool(element.fields["forId"] and element.fields["objectKey"])


def _stored(element: ElementRecord) -> AttachedFile:
    return AttachedFile(
        thread_id=element.thread_id,
        id=element.id,
        message_id=str(element.fields["forId"]),
        name=str(element.fields["name"] or ""),
        is_image=element.fields["type"] == "image",
        sha256=element.sha256,
    )


def asker() -> str:
    """Return who is answered: places where files are read are shared among people."""
    user = cl.context.session.user
    return user.identifier if user else ""


def _held_by_session(question: cl.Message) -> list[AttachedFile]:
    """Return the files whose stored copy may still be on its way."""
    messages = [message for message in chat_context.get() if message.id != question.id]
    return [
        AttachedFile(
            thread_id=question.thread_id,
            id=element.id,
            message_id=message.id,
            name=element.name,
            is_image=element.type == "image",
            path=Path(element.path),
        )
        for message in (*messages, question)
        for element in getattr(message, "elements", None) or ()  # an error message has none
        if element.path
    ]
