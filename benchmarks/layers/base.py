"""What a layer under measure is: how its database is made and filled, and how it is asked."""

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from chainlit.step import StepDict
from chainlit.types import PaginatedResponse, Pagination, ThreadDict, ThreadFilter

from benchmarks.data import OWNER, History, Thread, User

PAGE = 35  # threads, as Chainlit's sidebar asks for them

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by table, in the order in which they have to be stored; all of a table name the same."""


class Layer(Protocol):
    """The methods of Chainlit's interface that are measured."""

    async def list_threads(
        self, pagination: Pagination, filters: ThreadFilter
    ) -> PaginatedResponse[ThreadDict]:
        """Return a page of a user's threads."""

    async def get_thread(self, thread_id: str) -> Any:
        """Return a thread whole."""

    async def create_step(self, step_dict: StepDict) -> None:
        """Store a step."""

    async def update_step(self, step_dict: StepDict) -> None:
        """Store a step that is there again."""

    async def update_thread(self, thread_id: str, *, metadata: dict[str, Any]) -> None:
        """Merge metadata into a thread's."""


@dataclass(frozen=True, slots=True)
class LayerKind:
    """A layer that can be measured.

    `schema` makes its tables in an empty database, the rows are copied into them, and `finish` does
    what is left after that, by code whose text is `finished_by`. `open` gives the layer for a
    database's URL; `pending` counts what it still has to do in the background.
    """

    name: str
    slug: str
    schema: str
    user_rows: Callable[[User], Rows]
    thread_rows: Callable[[Sequence[Thread]], Rows]
    threads: str
    steps: str
    open: Callable[[str], AbstractAsyncContextManager[Layer]]
    finish: Callable[[str], Awaitable[None]] | None = None
    finished_by: str = ""
    pending: str = "SELECT 0"

    def database(self, history: History) -> str:
        """Return the name of its database with this history, another one for other contents."""
        sample = self.thread_rows([history.thread(OWNER, number) for number in range(10)])
        digest = hashlib.sha256(repr((self.schema, self.finished_by, sample)).encode()).hexdigest()[
            :8
        ]
        return f"{self.slug}-{history.own}-{history.others_threads}-{digest}"


def batches(history: History, size: int = 50) -> Iterator[list[Thread]]:
    """Iterate over a history in lists of threads."""
    batch: list[Thread] = []
    for thread in history.threads():
        batch.append(thread)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def page(
    user: User, *, search: str | None = None, feedback: Literal[0, 1] | None = None
) -> tuple[Pagination, ThreadFilter]:
    """Return what the sidebar asks for its first page."""
    filters = ThreadFilter(userId=user.id, search=search, feedback=feedback)
    return Pagination(first=PAGE), filters
