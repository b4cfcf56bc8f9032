"""The users file of earlier versions."""

import json
from collections.abc import Iterable
from pathlib import Path

from access.login.accounts.passwords import hash_password

CHANGED_AT = "2026-01-01T12:00:00+00:00"


def write_users_file(path: Path, names: Iterable[str], password: str) -> None:
    """Write a users file in which all have the same password."""
    kept = hash_password(password)
    users = [{"name": it, "password_hash": kept, "changed_at": CHANGED_AT} for it in names]
    path.write_text(json.dumps({"users": users}), encoding="utf-8")
