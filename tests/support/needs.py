"""What `make test` needs from the machine beyond Python packages.

Run as a script it says in one sentence for each missing tool how to get it. A missing tool is a
failure, never a skipped test.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NODE_AT_LEAST = (20, 15)
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ON_MACOS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
NO_CHROMIUM = (
    "The tests need Chromium: on Debian 'apt-get install chromium', "
    "on macOS 'brew install --cask chromium'."
)
POSTGRES_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
)
NO_POSTGRES = (
    "The tests need PostgreSQL's server programs, 13 or newer: "
    "on Debian 'apt-get install postgresql', on macOS 'brew install postgresql'."
)
PGBOUNCER_FOLDER = "/usr/sbin"
NO_PGBOUNCER = (
    "The tests need PgBouncer: on Debian 'apt-get install pgbouncer', "
    "on macOS 'brew install pgbouncer'."
)
NO_SEAWEEDFS = (
    "The tests need SeaweedFS's program weed: on Linux 'make test' installs it into .venv, "
    "on macOS 'brew install seaweedfs'."
)
NO_NODE = (
    "The tests need Node.js 20.15 or newer with npm: on Debian 'apt-get install nodejs npm' "
    "(Debian 12 has only 18: then also 'npm install --global node@22'), "
    "on macOS 'brew install node'."
)


class MissingToolError(RuntimeError):
    """A tool is not there; the message is one sentence and says how to get it."""


def find_chromium() -> Path:
    """The browser for the end-to-end tests, from PATH or from where macOS keeps it."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found:
        return Path(found)
    for path in CHROMIUM_ON_MACOS:
        if path.is_file():
            return path
    raise MissingToolError(NO_CHROMIUM)


def find_node() -> Path:
    """Node.js in a version that runs the test servers, beside npm, which installs them."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None or _version_of(node) < NODE_AT_LEAST:
        raise MissingToolError(NO_NODE)
    return Path(node)


def find_postgres() -> Path:
    """The folder of PostgreSQL's server programs, from PATH or from where packages keep them."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    for pattern in POSTGRES_FOLDERS:
        folders += sorted(Path("/").glob(pattern), key=_major, reverse=True)
    for folder in folders:
        if all((folder / name).is_file() for name in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise MissingToolError(NO_POSTGRES)


def find_pgbouncer() -> Path:
    """PgBouncer, from PATH or from where Debian keeps it for root."""
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path=PGBOUNCER_FOLDER)
    if found is None:
        raise MissingToolError(NO_PGBOUNCER)
    return Path(found)


def find_seaweedfs() -> Path:
    """SeaweedFS, from beside this Python or from PATH."""
    found = shutil.which("weed", path=Path(sys.executable).parent) or shutil.which("weed")
    if found is None:
        raise MissingToolError(NO_SEAWEEDFS)
    return Path(found)


def _major(folder: Path) -> int:
    return int("".join(re.findall(r"\d+", str(folder))[:1]) or 0)


def missing() -> Iterator[str]:
    """One sentence for each tool that is not there."""
    finders = [find_chromium, find_node, find_postgres, find_pgbouncer]
    if sys.platform == "darwin":  # elsewhere `make test` installs it, after this
        finders.append(find_seaweedfs)
    for find in finders:
        try:
            find()
        except MissingToolError as error:
            yield str(error)


def _version_of(node: str) -> tuple[int, ...]:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return tuple(map(int, re.findall(r"\d+", answer.stdout)[:2]))


def main() -> int:
    """Says what is missing."""
    sentences = list(missing())
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main())
