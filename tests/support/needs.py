"""What `make test` needs from the machine beyond Python packages, and where that is.

It is read before anything is installed, so it knows the standard library only. A tool that is
missing is a failure, never a skipped test; `tests/support/install.py` gets it.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from ctypes.util import find_library
from enum import Enum
from pathlib import Path
from shutil import which

NODE_AT_LEAST = (20, 15)
# The first is Chromium without a window and what belongs to one: its pages cost half the time.
CHROMIUM_NAMES = (
    "chromium-headless-shell",
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
)
CHROMIUM_FROM_PLAYWRIGHT = Path("/opt/ms-playwright")
CHROMIUM_ON_MACOS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
POSTGRES_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
)
SYSTEM_FOLDER = "/usr/sbin"
JAVA_FOLDERS = ("/opt/homebrew/opt/openjdk/bin", "/usr/local/opt/openjdk/bin")


class Tool(Enum):
    """What has to be there; the value is its name in sentences."""

    CHROMIUM = "Chromium"
    NODE = "Node.js 20.15 or newer"
    NPM = "npm"
    POSTGRES = "PostgreSQL's server programs"
    PGBOUNCER = "PgBouncer"
    JAVA = "Java"
    NGINX = "nginx"
    CADDY = "Caddy"
    OPENMP = "the runtime library of OpenMP (libgomp)"
    SEAWEEDFS = "SeaweedFS"


class MissingToolError(RuntimeError):
    """A tool is not there; the message is one sentence and says how to get it."""


def find_chromium() -> Path:
    """The browser for the end-to-end tests, not confined to a snap: that sees no file in /tmp."""
    named = [Path(found) for found in map(which, CHROMIUM_NAMES) if found and not _is_snap(found)]
    downloaded = CHROMIUM_FROM_PLAYWRIGHT.glob("chromium_headless_shell-*/*/*headless[_-]shell")
    on_macos = filter(Path.is_file, CHROMIUM_ON_MACOS)
    return _first(Tool.CHROMIUM, [*named, *downloaded, *on_macos])


def find_node() -> Path:
    """Node.js in a version that runs the test servers."""
    node = which("node")
    is_new = node is not None and _version_of(node) >= NODE_AT_LEAST
    return _first(Tool.NODE, [node if is_new else None])


def find_npm() -> Path:
    """What installs the test servers."""
    return _first(Tool.NPM, [which("npm")])


def find_postgres() -> Path:
    """The folder of PostgreSQL's server programs, from PATH or from where packages keep them."""
    found = which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    for pattern in POSTGRES_FOLDERS:
        folders += sorted(Path("/").glob(pattern), key=_major, reverse=True)
    return _first(Tool.POSTGRES, (folder for folder in folders if _is_postgres(folder)))


def find_pgbouncer() -> Path:
    """PgBouncer, from PATH or from where Debian keeps it for root."""
    return _first(Tool.PGBOUNCER, [which("pgbouncer"), which("pgbouncer", path=SYSTEM_FOLDER)])


def find_nginx() -> Path:
    """nginx, from PATH or from where Debian keeps it for root."""
    return _first(Tool.NGINX, [which("nginx"), which("nginx", path=SYSTEM_FOLDER)])


def find_caddy() -> Path:
    """Caddy, from PATH."""
    return _first(Tool.CADDY, [which("caddy")])


def find_java() -> Path:
    """A Java that runs: macOS has a program of that name that only says where to get one."""
    found = [which("java"), *(which("java", path=folder) for folder in JAVA_FOLDERS)]
    return _first(Tool.JAVA, (java for java in found if java and _runs(java, "-version")))


def find_openmp() -> Path:
    """What the built-in model's library is linked with on Linux, by the name that loads it."""
    return _first(Tool.OPENMP, [find_library("gomp")])


def find_seaweedfs() -> Path:
    """SeaweedFS, from beside this Python or from PATH."""
    return _first(Tool.SEAWEEDFS, [which("weed", path=Path(sys.executable).parent), which("weed")])


FINDERS: dict[Tool, Callable[[], Path]] = {
    Tool.CHROMIUM: find_chromium,
    Tool.NODE: find_node,
    Tool.NPM: find_npm,
    Tool.POSTGRES: find_postgres,
    Tool.PGBOUNCER: find_pgbouncer,
    Tool.JAVA: find_java,
    Tool.NGINX: find_nginx,
    Tool.CADDY: find_caddy,
}
if sys.platform == "linux":
    FINDERS[Tool.OPENMP] = find_openmp
if sys.platform == "darwin":  # elsewhere it is a wheel, which comes after this
    FINDERS[Tool.SEAWEEDFS] = find_seaweedfs


def missing() -> list[Tool]:
    """The tools that are not there."""
    return [tool for tool, find in FINDERS.items() if not _is_there(find)]


def _is_there(find: Callable[[], Path]) -> bool:
    try:
        find()
    except MissingToolError:
        return False
    return True


def _first(tool: Tool, found: Iterable[str | Path | None]) -> Path:
    for path in found:
        if path:
            return Path(path)
    raise MissingToolError(f"The tests need {tool.value}: 'make needs' installs it.")


def _is_snap(program: str) -> bool:
    """Whether it leads to a snap, as a link or as the script in Ubuntu's package."""
    path = Path(program)
    with path.open("rb") as file:
        return path.resolve().name == "snap" or b"/snap/bin/" in file.read(4096)


def _is_postgres(folder: Path) -> bool:
    return all((folder / name).is_file() for name in ("initdb", "pg_ctl", "postgres"))


def _major(folder: Path) -> int:
    return int("".join(re.findall(r"\d+", str(folder))[:1]) or 0)


def _version_of(node: str) -> tuple[int, ...]:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return tuple(map(int, re.findall(r"\d+", answer.stdout)[:2]))


def _runs(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
