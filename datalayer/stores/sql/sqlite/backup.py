"""Backups of a SQLite file."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from datalayer.errors import BackupFailed
from datalayer.stores.sql.backups import backup_path, no_backup, partial_backup


def copy(source: Path, folder: Path) -> Path:
    """Copy a database as it is at one moment, be it in use or not, and return where the copy lies.

    Raises `BackupFailed`.
    """
    target = backup_path(folder, source.name, "backup")
    url = f"{source.absolute().as_uri()}?mode=rw"
    with partial_backup(target) as partial:
        try:
            with (
                closing(sqlite3.connect(url, uri=True)) as original,
                closing(sqlite3.connect(partial)) as backup,
            ):
                original.backup(backup)
        except sqlite3.Error as exc:
            raise no_backup(exc) from exc
    return target


def put_back(backup: Path, target: Path) -> None:
    """Make a database of a copy, where there is none. Raises `BackupFailed`."""
    if target.exists():
        message = f"There is a database already: {target}. Move it away, or name another."
        raise BackupFailed(message)
    with partial_backup(target) as partial:
        shutil.copyfile(backup, partial)
