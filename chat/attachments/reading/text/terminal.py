"""What was written for a terminal: colours, and letters that are struck twice. Pure."""

import re

_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-Z]|[@-Z\\-_=>78])"
)
_STRUCK = re.compile(r"[^\n\x08]\x08")  # again, to be bold, or underlined


def plain(text: str) -> tuple[str, int]:
    """Return a text as it looks without colours, and how much was left out."""
    text, sequences = _SEQUENCE.subn("", text) if "\x1b" in text else (text, 0)
    text, struck = _STRUCK.subn("", text) if "\b" in text else (text, 0)
    return text, sequences + struck
