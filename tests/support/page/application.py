"""The real program, started as a user starts it, in a copy of the project.

A copy, so that neither a developer's `.env` and `data/` nor a parallel run have a part in a test;
it is what a fresh clone has.
"""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.support.page.database import Database
from tests.support.waiting import free_port, until

PROJECT = Path(__file__).resolve().parents[3]
START_S = 120.0  # on a machine with much else to do
STOP_S = 20.0

_LEFT_OUT = {"benchmarks", "data", "deploy", "docs", "examples", "node_modules", "tests"}
_HIDDEN_PARTS = {".chainlit", ".env.example"}
_LOG_RECORD = re.compile(r"^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - )", re.MULTILINE)
_COMPLAINTS = (
    "Traceback (most recent call last)",
    "never retrieved",
    "never awaited",
    "was destroyed but it is pending",
    " - ERROR - ",
    " - CRITICAL - ",
)


def clone(target: Path) -> None:
    """Put into a new folder what `git clone` would give of the project as it is now."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        hidden = {name for name in names if name.startswith(".") and name not in _HIDDEN_PARTS}
        return hidden | (_LEFT_OUT & set(names) if Path(folder) == PROJECT else set())

    shutil.copytree(PROJECT, target, ignore=left_out)


def command(*arguments: str) -> list[str]:
    """The command that runs the program."""
    return [sys.executable, "-m", "chainlit", "run", "app.py", "--headless", *arguments]


def environment(home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of the program: nothing of the developer's gets in."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONFAULTHANDLER": "1",
        "OLLAMA_URL": "off",
        "THREAD_TITLES": "off",
        **settings,
    }


class Application:
    """The program on a port of its own, with data of its own."""

    def __init__(
        self, project: Path, home: Path, settings: Mapping[str, str], *arguments: str
    ) -> None:
        self.home = Path(shutil.copytree(project, home))
        self.port = free_port()
        self.url = f"http://localhost:{self.port}{settings.get('CHAINLIT_ROOT_PATH', '')}"
        self.data = home / "data"
        self.database = Database(self.data / "keepchat.db")
        self._log = home.with_suffix(".log")
        self._log.touch()
        self._environment = environment(home, settings)
        self._command = command("--port", str(self.port), *arguments)
        self._process: asyncio.subprocess.Process | None = None
        self._judged_to = 0
        self._expected: list[str] = []

    @property
    def is_local(self) -> bool:
        """Tell whether it lets in who has the secret of its data folder."""
        return self._environment.get("AUTH_MODE", "local") == "local"

    @property
    def local_token(self) -> str:
        """That secret."""
        folder = self.home / self._environment.get("DATA_DIR", "data")
        return (folder / "local_token").read_text()

    def way_in(self, path: str = "/") -> str:
        """The path by which a new browser comes to a page: its own where there is a login page."""
        if not self.is_local:
            return path
        return f"{path}{'&' if '?' in path else '?'}token={self.local_token}"

    async def start(self) -> None:
        """Start it and wait until its page can be opened."""
        printed = len(self.log())
        with self._log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self.home,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
            )
        process = self._process
        with httpx2.Client(base_url=self.url) as client:
            try:
                await until(
                    lambda: process.returncode is not None or _is_up(client), "the program", START_S
                )
            except AssertionError as exc:
                exc.add_note(self.log()[printed:])
                raise
        assert process.returncode is None, self.log()[printed:]

    @asynccontextmanager
    async def beside(self, program: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run another program of Chainlit's in the same folder, with the same settings."""
        port = free_port()
        line = [program if one == "app.py" else one for one in command("--port", str(port))]
        other = await asyncio.create_subprocess_exec(
            *line,
            cwd=self.home,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            with httpx2.Client(base_url=f"http://localhost:{port}") as client:
                await until(lambda: _is_up(client), "the other program", START_S)
            yield other
        finally:
            if other.returncode is None:
                other.kill()
                await other.wait()

    def set(self, name: str, value: str) -> None:
        """Change a setting; it counts from the next start."""
        self._environment[name] = value

    def log_by_pipe(self) -> None:
        """Let another process write what it prints: it can, whatever this one may not write."""
        piped = 'exec "$@" > >(cat >> "$0") 2>&1'
        self._command = ["bash", "-c", piped, str(self._log), *self._command]

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None, "It is not running."
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Tell whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def stop(self) -> None:
        """End it as an operating system does; it has to be quick and without an error."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.send_signal(signal.SIGABRT)  # it says where each thread is
            await process.wait()
            message = f"the program did not end within {STOP_S:.0f} s of SIGTERM:\n{self.log()}"
            raise AssertionError(message) from None
        assert process.returncode == 0, self.log()

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        assert self._process is not None, "It is not running."
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait until it has ended, and return its code."""
        assert self._process is not None, "It is not running."
        return await self._process.wait()

    async def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def manage(self, *arguments: str, typed: str = "") -> str:
        """Run an operator command with the program's settings; it has to succeed."""
        return await self.python("manage.py", *arguments, typed=typed)

    async def python(self, *arguments: str, typed: str = "") -> str:
        """Run Python where the program is, with its settings; it has to succeed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *arguments),
            cwd=self.home,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate(typed.encode())
        assert process.returncode == 0, errors.decode()
        return output.decode()

    async def restart(self) -> None:
        """Stop it and start it again with the same data and on the same port."""
        await self.stop()
        await self.start()

    def log(self) -> str:
        """All that it has printed."""
        return self._log.read_text(errors="replace")

    def log_of_test(self) -> str:
        """What it has printed since the test began."""
        return self.log()[self._judged_to :]

    def begin_test(self) -> None:
        """Forget the faults that were logged so far."""
        self._judged_to = len(self.log())
        self._expected = []

    def expect_in_log(self, phrase: str) -> None:
        """Take a fault that is logged with this phrase for a part of the test."""
        self._expected.append(phrase)

    def complaints(self) -> list[str]:
        """The faults that were logged in this test and that it did not expect."""
        return [
            record
            for record in _LOG_RECORD.split(self.log_of_test())
            if any(sign in record for sign in _COMPLAINTS)
            and not any(phrase in record for phrase in self._expected)
        ]

    def files(self, thread_id: str) -> list[Path]:
        """The files that are kept of a thread."""
        return [path for path in (self.data / "files" / thread_id).rglob("*") if path.is_file()]


@asynccontextmanager
async def running_application(
    application: Application, *accounts: tuple[str, str]
) -> AsyncIterator[Application]:
    """Run the program with these accounts; in the end it has nothing to complain of."""
    try:
        await application.start()
        for name, password in accounts:
            await application.manage("user", "add", name, "--password-stdin", typed=password)
        yield application
        await application.stop()
        assert application.complaints() == []
    finally:
        await application.kill()


def _is_up(client: httpx2.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx2.TransportError:
        return False


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended that was not to run."""

    code: int
    output: str
    errors: str


async def run_to_its_end(
    project: Path,
    home: Path,
    settings: Mapping[str, str],
    *arguments: str,
    env_file: bytes | None = None,
) -> Ended:
    """Start the program and wait until it has ended by itself."""
    shutil.copytree(project, home)
    if env_file is not None:
        (home / ".env").write_bytes(env_file)
    port = () if "CHAINLIT_PORT" in settings else ("--port", str(free_port()))
    process = await asyncio.create_subprocess_exec(
        *command(*port, *arguments),
        cwd=home,
        env=environment(home, settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())
