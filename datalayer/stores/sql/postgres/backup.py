"""Backups of a PostgreSQL database: dumps, made by PostgreSQL's own program."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from datalayer.errors import BackupFailed
from datalayer.stores.sql.backups import backup_path, partial_backup

# The options of a URL that libpq knows; it refuses all others.
_LIBPQ = frozenset(
    {
        "host",
        "port",
        "user",
        "dbname",
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


def dump(url: str, folder: Path, password: str = "") -> Path:
    """Dump a database and return where the dump lies, with the URL's password unless one is given.

    The password goes through the environment of the child alone. Raises `BackupFailed`.
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
    target = backup_path(folder, "postgresql", "dump")
    with partial_backup(target) as partial:
        _run(program, partial, address, password or given)
    return target


def _run(program: str, target: Path, address: str, password: str) -> None:
    done = subprocess.run(  # noqa: S603 - a program of our choice, its arguments a list
        [program, "--format=custom", "--no-password", f"--file={target}", f"--dbname={address}"],
        env=_environment(program, password),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        line = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        message = f"pg_dump made no backup: {line}. Nothing was changed."
        raise BackupFailed(message)


def libpq_address(url: str) -> tuple[str, str]:
    """Return a URL as libpq takes it, without the password, and the password."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    secret = given.get("password") or unquote(password)
    options = {name: value for name, value in given.items() if name in _LIBPQ}
    query = f"?{urlencode(options, quote_via=quote)}" if options else ""
    return f"postgresql://{user}{at}{hosts}{parts.path}{query}", secret


def _environment(program: str, password: str) -> Mapping[str, str]:
    path = os.pathsep.join((str(Path(program).parent), os.defpath))
    return {"HOME": str(Path.home()), "LC_ALL": "C", "PATH": path, "PGPASSWORD": password}
