"""Backups before a great change: a copy of the file, or a dump of the server's database."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import anyio

from datalayer.stores.sql.postgres.passwords import password_from
from settings import Settings

_MINE = 0o600
# The options of a URL that libpq knows; it refuses all others.
_LIBPQ = frozenset(
    {
        "host",
        "port",
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "sslcrl",
        "connect_timeout",
        "passfile",
        "target_session_attrs",
        "krbsrvname",
        "gsslib",
    }
)


class BackupFailed(Exception):
    """There is no backup; the message says why and what to do."""


def back_up(settings: Settings) -> Path:
    """Back the database up and return where the backup lies. Raises `BackupFailed`."""
    moment = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    try:
        if settings.on_postgres:
            folder = settings.data_path / "backups"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            url = settings.database_url.get_secret_value()
            return dump(url, folder / f"postgresql-{moment}.dump", _asked_password(settings))
        path = settings.sqlite_path
        return copy(path, path.with_name(f"{path.name}.{moment}.backup"))
    except (OSError, sqlite3.Error) as exc:
        message = f"No backup could be made ({exc}). See to room and rights."
        raise BackupFailed(message) from exc


def copy(source: Path, target: Path) -> Path:
    """Copy a SQLite database as it is at one moment, be it in use or not."""
    draft = _draft(target)
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True)) as original,
            closing(sqlite3.connect(draft)) as backup,
        ):
            original.backup(backup)
        return _publish(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _asked_password(settings: Settings) -> str:
    """Return what the function for passwords that expire gives; empty where there is none."""
    if not settings.database_password_from:
        return ""
    ask = password_from(settings.database_password_from)
    with ThreadPoolExecutor(1) as pool:  # a thread of its own, since a loop may be running here
        return pool.submit(anyio.run, ask).result()


def dump(url: str, target: Path, password: str = "") -> Path:
    """Dump a server's database, with the URL's password unless another one is given.

    It goes through the environment of the child alone.
    """
    program = shutil.which("pg_dump")
    if program is None:
        message = (
            "A backup of PostgreSQL needs pg_dump, which is not in the PATH: install PostgreSQL's "
            "client programs (on Debian 'apt-get install postgresql-client'), or make a backup "
            "yourself and leave out --backup-first."
        )
        raise BackupFailed(message)
    address, given = libpq_address(url)
    draft = _draft(target)
    try:
        done = subprocess.run(  # noqa: S603 - a program of our choice, its arguments a list
            [program, "--format=custom", "--no-password", f"--file={draft}", f"--dbname={address}"],
            env=_environment(program, password or given),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            message = f"pg_dump made no backup: {said}. Nothing was changed."
            raise BackupFailed(message)
        return _publish(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def libpq_address(url: str) -> tuple[str, str]:
    """Return a URL as libpq takes it, without the password, and the password."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    secret = given.get("password") or unquote(password)
    options = {name: value for name, value in given.items() if name in _LIBPQ | {"user", "dbname"}}
    query = f"?{urlencode(options, quote_via=quote)}" if options else ""
    return f"postgresql://{user}{at}{hosts}{parts.path}{query}", secret


def _environment(program: str, password: str) -> Mapping[str, str]:
    path = os.pathsep.join((str(Path(program).parent), os.defpath))
    return {"HOME": str(Path.home()), "LC_ALL": "C", "PATH": path, "PGPASSWORD": password}


def _draft(target: Path) -> Path:
    """Return a new, empty file that nobody else may read, under a name that is not final."""
    draft = target.with_name(f".{target.name}.partial")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MINE))
    return draft


def _publish(draft: Path, target: Path) -> Path:
    """Give a whole backup its name, durably."""
    for path in (draft, draft.parent):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if path == draft:
            draft.replace(target)
    return target
