"""Backups: files that nobody else may read, whole or not there at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from datalayer.errors import BackupFailed

_OWNER_ONLY = 0o600


def backup_path(folder: Path, name: str, ending: str) -> Path:
    """Return where a backup made now is to lie."""
    return folder / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.{ending}"


@contextmanager
def partial_backup(target: Path) -> Iterator[Path]:
    """Give a new, empty file for a backup, which has the name `target` once the block has ended.

    Raises `BackupFailed` where no file can be made.
    """
    partial = target.with_name(f".{target.name}.partial")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
        try:
            yield partial
            _publish(partial, target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as exc:
        raise no_backup(exc) from exc


def no_backup(exc: Exception) -> BackupFailed:
    """Return the error for a backup that could not be written."""
    return BackupFailed(f"No backup could be made ({exc}). See to room and rights.")


def _publish(partial: Path, target: Path) -> None:
    """Give a whole file its name, durably."""
    _sync(partial)
    partial.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
