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

    Raises `BackupFailed`.
    """
    target = backup_path(folder, "postgresql", "dump")
    with partial_backup(target) as partial:
        _run("pg_dump", url, password, "--format=custom", f"--file={partial}")
    return target


def put_back(url: str, backup: Path, password: str = "") -> None:
    """Make of a dump what an empty database has, all or nothing. Raises `BackupFailed`."""
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    _run("pg_restore", url, password, *options, str(backup))


def _run(name: str, url: str, password: str, *options: str) -> None:
    """Run a program of PostgreSQL's; the password goes through its environment alone."""
    program = shutil.which(name)
    if program is None:
        message = (
            f"A backup of PostgreSQL needs {name}, which is not in the PATH: install PostgreSQL's "
            "client programs (on Debian 'apt-get install postgresql-client')."
        )
        raise BackupFailed(message)
    address, given = libpq_address(url)
    done = subprocess.run(  # noqa: S603 - a program of our choice, its arguments a list
        [program, "--no-password", f"--dbname={address}", *options],
        env=_environment(program, password or given),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        line = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        message = f"{name} did not do it: {line}. Nothing was changed."
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
