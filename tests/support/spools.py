"""Programs that keep files while their storage is away."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chainlit.element import Text

from common.recorder import Recorder
from datalayer.layer import KeepchatDataLayer
from datalayer.pipeline.spool.spool import Spool
from tests.support.builders import new_id


class LostFiles(Recorder):
    """Counts the files that were given up."""

    count = 0

    def file_lost(self) -> None:
        self.count += 1


@dataclass(frozen=True)
class Run:
    """One run of the program."""

    layer: KeepchatDataLayer
    spool: Spool
    data: Path
    lost: list[str] = field(default_factory=list)
    counted: LostFiles = field(default_factory=LostFiles)


Start = Callable[..., Run]


def killed(data: Path, name: str) -> Path:
    """Return what a program that is killed now would leave to the next one."""
    left = data.with_name(name)
    shutil.copytree(data, left)
    return left


def text(content: str, thread_id: str | None = None, **fields: Any) -> Text:
    return Text(thread_id=thread_id or new_id(), name="a.txt", content=content, **fields)


def key_of(element: Any) -> str:
    return f"{element.thread_id}/{element.id}"


def spooled(data: Path) -> list[Path]:
    return [path for path in (data / "spool").rglob("*") if path.is_file() and path.stat().st_size]


async def shown(run: Run, element: Any) -> dict[str, Any]:
    await run.layer.settle(element.thread_id)
    thread: Any = await run.layer.get_thread(element.thread_id)
    [found] = thread["elements"] if thread else [{}]
    return dict(found)


def all_sent(run: Run) -> Callable[[], bool]:
    """Whether nothing waits any more, nor is left in its folder."""
    return lambda: not (run.spool.state.depth or spooled(run.data))
