"""A server as a child process with a folder of its own: started, waited for, killed, removed."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.support.waiting import hold

_STARTS_WITHIN_S = 60.0
_INTERVAL_S = 0.02


class ChildServer:
    """What such servers have in common. `port` and the way to start it are each one's own."""

    port: int

    def __init__(self, name: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=f"keepchat-{name}-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._held = ExitStack()

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        is_ready: Callable[[], bool] | None = None,
    ) -> None:
        """Run it and wait until it is ready, which means that it listens unless told otherwise."""
        self._held.close()
        with (self._folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        ready = is_ready or self._listens
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.log()
            if ready():
                return
            time.sleep(_INTERVAL_S)
        raise AssertionError(self.log())

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None, "It is not running."
        return self._process.pid

    def stop(self) -> None:
        """Kill it; whoever is connected loses the connection."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._held.enter_context(hold(self.port))

    def remove(self) -> None:
        """Stop it for good and remove what it kept."""
        self.stop()
        self._held.close()
        shutil.rmtree(self._folder)

    def log(self) -> str:
        """What it said."""
        kept = (self._folder / name for name in ("output", "log"))
        return "".join(path.read_text(errors="replace") for path in kept if path.exists())
