"""The title of a conversation, as pages are told it for their tabs."""

from typing import Any


def title_of(thread_id: str, name: str | None) -> dict[str, Any]:
    """Return the message of the window that says how a thread is called."""
    return {"keepchatTitle": {"thread": thread_id, "name": name}}
