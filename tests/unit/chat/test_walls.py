"""Whoever takes over the process that reads a file finds nothing and reaches nothing.

Each attempt is made by code that runs where a file would be read. Where this system lacks the wall
that refuses it, the doctor has to say so.
"""

import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from chat.attachments.process import Reader, ReadingLimits, standing_walls
from chat.attachments.reading import walls
from chat.attachments.reading.walls import FILES, NETWORK, PROCESSES, WRITING
from chat.attachments.results import ExtractedText
from cli.doctor import checks
from common.processes import kernel

TRYING = """
import ctypes, json, os, pathlib, socket, subprocess, sys, threading
from chat.attachments.reading import walls
{behind}
here, port, parent = pathlib.Path({here!r}), {port}, {parent}
libc = ctypes.CDLL(None, use_errno=True)
root = pathlib.Path(walls.__file__).parents[4]

def called(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")
    return result

try:
    got = str({attempt})
except OSError as exc:
    got = "refused" if exc.errno in (1, 13) else repr(exc)
print(json.dumps({{"kind": "text", "text": got, "total": 1, "counts": {{}}}}))
"""
ATTEMPTS = {
    "the database": (FILES, "(here / 'keepchat.db').read_bytes()"),
    "the accounts": (FILES, "(here / 'users.json').read_text()"),
    "the secret": (FILES, "(here / 'auth_secret').read_text()"),
    "the folder": (FILES, "os.listdir(here)"),
    "the settings": (FILES, "open(f'{root}/settings/environment.py').read()"),
    "what the system knows": (FILES, "open('/etc/passwd').read()"),
    "the parent's environment": (FILES, "open(f'/proc/{parent}/environ').read()"),
    "the parent's memory": (FILES, "open(f'/proc/{parent}/mem', 'rb').read(1)"),
    "the parent's files": (FILES, "os.listdir(f'/proc/{parent}/fd')"),
    "its own environment": (FILES, "open('/proc/self/environ').read()"),
    "a listener": (NETWORK, "socket.create_connection(('127.0.0.1', port), 2)"),
    "a name's address": (NETWORK, "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"),
    "a socket of this computer": (NETWORK, "socket.socket(socket.AF_UNIX)"),
    "a pair of sockets": (NETWORK, "socket.socketpair()"),
    "a new file": (WRITING, "(here / 'new').write_text('x')"),
    "a file for itself": (WRITING, "pathlib.Path('/tmp/keepchat-evil').write_text('x')"),
    "code of ours": (WRITING, "pathlib.Path(walls.__file__).open('a')"),
    "a link": (WRITING, "os.symlink('/etc/passwd', here / 'link')"),
    "a hard link": (WRITING, "os.link(here / 'users.json', here / 'link')"),
    "another name": (WRITING, "os.rename(here / 'users.json', here / 'link')"),
    "the end of a file": (WRITING, "os.unlink(here / 'users.json')"),
    "a file's rights": (WRITING, "os.chmod(here / 'users.json', 0o777)"),
    "a file's length": (WRITING, "os.truncate(here / 'users.json', 0)"),
    "a file's times": (WRITING, "os.utime(here / 'users.json', (0, 0))"),
    "a pipe": (WRITING, "os.mkfifo(here / 'pipe')"),
    "a copy of itself": (PROCESSES, "os.fork()"),
    "another program": (PROCESSES, "os.execv('/bin/sh', ['sh', '-c', 'true'])"),
    "a shell": (PROCESSES, "subprocess.run(['/bin/sh', '-c', 'true'])"),
    "the parent's life": (PROCESSES, "os.kill(parent, 0)"),
    "the parent's traces": (PROCESSES, "called(libc.ptrace(16, parent, 0, 0))"),
    "the parent's limits": (PROCESSES, "__import__('resource').prlimit(parent, 7, (9, 9))"),
    "the parent's pace": (PROCESSES, "os.setpriority(os.PRIO_PROCESS, parent, 19)"),
}


@pytest.fixture
def port() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A data folder."""
    for name in ("keepchat.db", "users.json", "auth_secret"):
        (tmp_path / name).write_text("s3cret")
    return tmp_path


async def nothing() -> AsyncGenerator[bytes, None]:
    for chunk in list[bytes]():
        yield chunk


async def tried(attempt: str, here: Path, port: int, behind: str = "walls.close()") -> str:
    """Try something where a file would be read, and return what came of it."""
    given = {"here": str(here), "port": port, "parent": os.getpid()}
    code = TRYING.format(attempt=attempt, behind=behind, **given)
    reading = await Reader(ReadingLimits(characters=100), ("-c", code)).read("a.txt", nothing)
    assert isinstance(reading, ExtractedText), reading
    return reading.text


@pytest.mark.parametrize("what", ATTEMPTS)
@pytest.mark.slow
async def test_nothing_is_reached(what: str, here: Path, port: int) -> None:
    wall, attempt = ATTEMPTS[what]
    if wall not in await standing_walls():
        finding = await checks.reading(None)
        assert finding.status == "warning"
        assert wall in finding.message
        return
    assert await tried(attempt, here, port) == "refused"
    assert (here / "users.json").read_text() == "s3cret"
    assert _names(here) == {"keepchat.db", "users.json", "auth_secret"}


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_nothing_is_handed_on(here: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with (here / "keepchat.db").open() as kept:
        os.set_inheritable(kept.fileno(), True)
        count = "sum(os.isatty(n) or True for n in range(3, 256) if not libc.fcntl(n, 1) == -1)"
        assert await tried(count, here, port) == "0"
    assert "OPENAI" not in await tried("sorted(os.environ)", here, port)


@pytest.mark.slow
async def test_the_code_of_the_process_itself_would_reach_all(here: Path, port: int) -> None:
    """Keeps the tests above honest."""
    for what in ("the database", "the settings", "a listener", "a new file", "the parent's life"):
        assert await tried(ATTEMPTS[what][1], here, port, behind="") != "refused", what


def test_each_wall_is_told_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls, "hide", lambda: True)
    monkeypatch.setattr(walls, "give_up_rights", lambda: True)
    monkeypatch.setattr(walls.landlock, "restrict", lambda: False)
    monkeypatch.setattr(walls.seccomp, "restrict", lambda: True)
    assert walls.close() == (NETWORK, PROCESSES, WRITING)
    monkeypatch.setattr(walls, "give_up_rights", lambda: False)
    assert walls.close() == ()


@pytest.mark.parametrize(
    ("standing", "status", "named"),
    [
        (walls.ALL, "ok", ""),
        ((NETWORK, PROCESSES, WRITING), "warning", "files"),
        ((), "warning", "files, network, processes, writing"),
    ],
)
async def test_the_doctor_tells_which_stand(
    monkeypatch: pytest.MonkeyPatch, standing: tuple[str, ...], status: str, named: str
) -> None:
    async def told() -> tuple[str, ...]:
        return standing

    monkeypatch.setattr(checks, "standing_walls", told)
    finding = await checks.reading(None)
    assert finding.status == status
    assert named in finding.message


@pytest.mark.skipif(sys.platform != "linux", reason="it is hidden by prctl, which is Linux's")
def test_a_hidden_process_cannot_be_looked_into() -> None:
    code = (
        "import ctypes\n"
        "from common.processes.kernel import hide\n"
        "assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 1  # PR_GET_DUMPABLE\n"
        "assert hide()\n"
        "assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0\n"
    )
    root = Path(kernel.__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
