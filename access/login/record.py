"""What happens to logins, one line of the log each: who, from where, which session, never a secret.

The texts of others are shown as Python writes them, so that none of them makes a line of its own.
"""

import logging

logger = logging.getLogger("keepchat.login")

_SHOWN_OF_ID = 8  # characters of a session's id
_SHOWN_OF_NAME = 100  # characters of a name, which is whatever somebody has typed


def record(event: str, who: str, address: str = "", **told: str) -> None:
    """Log an event; `session` is shown by its first characters alone."""
    if session := told.get("session"):
        told["session"] = session[:_SHOWN_OF_ID]
    fields = {"who": who[:_SHOWN_OF_NAME], "address": address, **told}
    shown = ", ".join(f"{name} {value!r}" for name, value in fields.items() if value)
    logger.info("%s: %s", event, shown, extra={"fields": {"event": event, **fields}})
