"""How much memory and disk a program takes while something is done to it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

_EVERY_S = 0.2
MEGABYTE = 1_000_000


class Usage:
    """Looks again and again; megabytes of a process with its children, and of what lies there."""

    def __init__(self, pid: int, *places: Path) -> None:
        self._process = psutil.Process(pid)
        self._places = places
        self._ended = threading.Event()
        self.memory = self.first_memory = self._memory()
        self.disk = self.first_disk = self._disk()

    def __str__(self) -> str:
        memory = f"memory {self.first_memory:.0f} MB at first, {self.memory:.0f} MB at most"
        return f"{memory}; disk {self.first_disk:.1f} MB at first, {self.disk:.1f} MB at most"

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look as long as this lasts."""
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_S):
            self.memory = max(self.memory, self._memory())
            self.disk = max(self.disk, self._disk())

    def _memory(self) -> float:
        total = 0
        with suppress(psutil.NoSuchProcess):
            total += self._process.memory_info().rss
            for child in self._process.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    total += child.memory_info().rss
        return total / MEGABYTE

    def _disk(self) -> float:
        return sum(map(_size, self._places)) / MEGABYTE


def _size(place: Path) -> int:
    """Return the bytes of a file, or of all files below a folder."""
    total = 0
    for path in [place, *place.rglob("*")]:
        with suppress(FileNotFoundError):
            if path.is_file():
                total += path.stat().st_size
    return total
