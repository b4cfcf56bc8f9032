"""A secret that the program makes itself, and keeps in a file that is its user's alone."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from common.files.owner_only import close_to_others

_BYTES = 48
LEAST = 32
"""Characters that a secret has at least."""


def kept_secret(path: Path) -> str:
    """Return the secret of a file, made the first time.

    Raises `OSError`, and `ValueError` where the file is there and holds none.
    """
    if not path.exists():
        _make(path)
    close_to_others(path)
    found = path.read_text("utf-8", errors="replace").strip()
    if len(found) < LEAST or not found.isascii():
        message = f"{path} holds no secret: delete it, and the next start makes one."
        raise ValueError(message)
    return found


def _make(path: Path) -> None:
    """Put a whole secret there at once: of two who do, one wins, and nobody reads half of it."""
    aside = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink(missing_ok=True)
