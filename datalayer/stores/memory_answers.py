"""The board of running answers in memory: what other stores are compared with."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from datalayer.stores.answers import AnswerBoard, Board, RunningAnswer


@dataclass(slots=True)
class BoardTables:
    """What is kept of replicas and of what they answer."""

    replicas: dict[str, int] = field(default_factory=dict)  # until when each is alive
    answers: dict[str, RunningAnswer] = field(default_factory=dict)  # by turn


class MemoryAnswers(AnswerBoard):
    """Keeps the board in dicts."""

    def __init__(self, tables: Callable[[], BoardTables]) -> None:
        self._tables = tables

    async def announce(self, replica: str, until: int) -> None:
        self._tables().replicas[replica] = until

    async def withdraw(self, replica: str) -> None:
        self._tables().replicas.pop(replica, None)

    async def post(self, answers: Sequence[RunningAnswer]) -> None:
        board = self._tables().answers
        for each in answers:
            old = board.get(each.turn)
            board[each.turn] = replace(
                each,
                stop_asked=old.stop_asked if old else False,
                watched_until=old.watched_until if old else 0,
            )

    async def ask_stop(self, thread_id: str) -> None:
        board = self._tables().answers
        for each in list(board.values()):
            if each.thread_id == thread_id and each.is_running:
                board[each.turn] = replace(each, stop_asked=True)

    async def watch(self, thread_ids: Collection[str], until: int) -> None:
        board = self._tables().answers
        for each in list(board.values()):
            if each.thread_id in thread_ids and each.watched_until < until:
                board[each.turn] = replace(each, watched_until=until)

    async def read(self) -> Board:
        tables = self._tables()
        return Board(dict(tables.replicas), list(tables.answers.values()))

    async def forget(self, before: int) -> None:
        tables = self._tables()
        for replica in [name for name, until in tables.replicas.items() if until < before]:
            del tables.replicas[replica]
        for each in list(tables.answers.values()):
            is_left_over = each.is_running and each.replica not in tables.replicas
            if is_left_over or (each.ended is not None and each.ended < before):
                del tables.answers[each.turn]
