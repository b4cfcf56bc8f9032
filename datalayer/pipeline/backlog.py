"""What is not stored in time goes to the journal, and comes back from it in order.

A write that is older than `after_s` is appended, in the order of the calls, and whoever waits for
it is told. It leaves the memory, unless it is being stored. What is in the journal is handed out
again, so much at a time; while some of a key is left there, newer writes of that key wait. Nothing
here asks whether the database is there: what is handed out waits as all else does.
"""

import asyncio
import contextvars
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

from datalayer.errors import JournalUnusable
from datalayer.pipeline.journal.journal import Journal, JournalState, Receipt
from datalayer.pipeline.queues import Entry, Queues
from datalayer.records import Saving
from datalayer.writes import Write

logger = logging.getLogger(__name__)

AFTER_S = 1.0
AGAIN_S = 1.0  # until a journal that could not be used is tried again
SILENT_S = 3.0  # after which one that does not answer counts as such: less than a turn waits
LOOK_S = 30.0  # from one look at it, and at what processes that are gone have left, to the next
WINDOW = 1_000  # writes of the journal that are in memory
WINDOW_SIZE = 32 * 1024 * 1024  # bytes from which on no more of it is
ROUND = 1_000  # writes that are appended at once


class Backlog:
    """A writer's part in the journal; without a journal it does nothing."""

    def __init__(
        self,
        journal: Journal | None,
        queues: Queues,
        *,
        after_s: float,
        hand_in: Callable[[Write, Receipt], None],
        accepted: Callable[[Entry], None],
        refused: Callable[[Entry, JournalUnusable], None],
        dispatch: Callable[[], None],
        changed: Callable[[Saving], None],
        observe: Callable[[str, int], None],
    ) -> None:
        """Tell what became durable, what nobody can keep, and `hand_in` what is to be stored.

        Of what earlier runs have left `observe` is told each key with its newest revision.
        """
        self._journal = journal
        self._queues = queues
        self._after_s = after_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._hand_in = hand_in
        self._accepted = accepted
        self._refused = refused
        self._dispatch = dispatch
        self._changed = changed
        self._observe = observe
        self._told = Saving.SAVED
        self._keys: Counter[str] = Counter()  # how many writes of each are in the journal
        self._is_known = journal is None  # which keys are in it
        self._opening = False
        self._timer: asyncio.TimerHandle | None = None
        self._appending = asyncio.Lock()
        self._is_reading = False
        self._handed_out: Counter[str] = Counter()  # writes and bytes of it that are in memory
        self._answered_at = 0.0  # when the database did last
        self._is_away = False  # it did not since something was submitted that is in the journal
        self._failure: JournalUnusable | None = None  # why nothing is appended
        self._said = ""  # of what cannot be used
        self._next_look: asyncio.TimerHandle | None = None
        self._freed = asyncio.Event()  # replaced whenever nothing of a key is left in the journal
        self._closed = False

    # Before a write

    def open(self) -> None:
        """Begin to take over what was left by processes that are gone, once."""
        if self._journal and not self._opening and not self._closed:
            self._opening = True
            self._start(self._open(self._journal))

    @property
    def is_away(self) -> bool:
        """Whether the database did not answer in time, and has not since."""
        return self._is_away

    @property
    def failure(self) -> JournalUnusable | None:
        """Why a write that came now could be lost: neither place can take it."""
        return self._failure if self._is_away else None

    @property
    def saving(self) -> Saving:
        """What becomes of what is written now."""
        if self.failure:
            return Saving.REFUSED
        return Saving.DELAYED if self._keys else Saving.SAVED

    def is_behind(self, key: str) -> bool:
        """Tell whether something older of a key is in the journal, or may be."""
        return self._has(key)

    def watch(self) -> None:
        """See to it that what was submitted is durable in time."""
        if self._journal and self._timer is None:
            self._look_in(0.0 if self._is_away else self._after_s)

    async def _open(self, journal: Journal) -> None:
        """Take over what was left, which may be much: what comes meanwhile is appended."""
        await self._check(journal)
        await self._take_over(journal)
        self._go_on()
        self._read_on()
        self._look_for_more_in(LOOK_S)

    def _go_on(self) -> None:
        """Let what comes be stored: what was left is counted, or cannot be waited for."""
        self._is_known = True
        for key in self._queues.behind():
            if not self._keys[key]:
                self._queues.resume(key)
        self._tell_freed()
        self._dispatch()
        self.watch()

    def _go_on_uncounted(self) -> None:
        """Ask the database before what comes is refused: as long as it waited nobody has."""
        if not self._is_known:
            self._is_away = False
            self._go_on()

    async def _check(self, journal: Journal) -> None:
        """Find out whether it can be used before something has to be appended."""
        try:
            with self._impatience():
                async with self._appending:
                    await journal.check()
        except JournalUnusable as exc:
            self._fail(exc)
        else:
            self._note_usable()

    async def _take_over(self, journal: Journal) -> None:
        try:
            self._note_left(await journal.open(self._observe))
        except JournalUnusable as exc:
            self._say(exc)

    def _note_left(self, keys: Counter[str]) -> None:
        """Let what comes wait for what others have left of the same keys."""
        self._keys.update(keys)
        for key in keys:
            self._queues.postpone(key)
        self._tell_change()

    def _look_for_more_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        look = self._look_for_more
        self._next_look = loop.call_later(seconds, look, context=contextvars.Context())

    def _look_for_more(self) -> None:
        if self._journal and not self._closed:
            self._start(self._take_more(self._journal))

    async def _take_more(self, journal: Journal) -> None:
        """Take over what processes have left that ended while this one runs."""
        await self._check(journal)
        await self._take_over(journal)
        self._read_on()
        self._look_for_more_in(LOOK_S)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Into the journal

    def _look_in(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        # In an empty context, so that no caller's session is kept alive.
        self._timer = loop.call_later(seconds, self._look, context=contextvars.Context())

    def _look(self) -> None:
        """Append what is due, or wait until something is."""
        self._timer = None
        waiting = self._waiting()
        if not waiting or self._closed:
            return
        limit = asyncio.get_running_loop().time() - (0.0 if self._is_away else self._after_s)
        due = [entry for entry in waiting if entry.since <= limit]
        if due:
            self._start(self._append_due(due))
        else:
            self._look_in(waiting[0].since - limit)

    def _waiting(self) -> list[Entry]:
        """Return what is nowhere yet, in the order of the calls."""
        return sorted(filter(_is_nowhere, self._queues.entries()), key=attrgetter("number"))

    async def _append_due(self, due: Sequence[Entry]) -> None:
        try:
            with self._impatience(due):
                await self._append(due)
        except JournalUnusable as exc:
            self._refuse(due, exc)
            self._look_in(AGAIN_S)
        else:
            self._look()

    def _refuse(self, due: Sequence[Entry], exc: JournalUnusable) -> None:
        for entry in due if self._is_away else ():
            if _is_nowhere(entry):
                self._refused(entry, exc)

    @contextmanager
    def _impatience(self, due: Sequence[Entry] = ()) -> Iterator[None]:
        """Tell whoever waits for a disk that does not answer in time.

        What it takes later is accepted all the same.
        """
        loop = asyncio.get_running_loop()
        note = self._note_silent
        silence = loop.call_later(SILENT_S, note, due, context=contextvars.Context())
        try:
            yield
        finally:
            silence.cancel()

    def _note_silent(self, due: Sequence[Entry]) -> None:
        if self._journal:
            exc = self._journal.silent(SILENT_S)
            self._note_away(due)
            self._go_on_uncounted()
            self._fail(exc)
            self._refuse(due, exc)

    async def _append(self, entries: Sequence[Entry]) -> None:
        """Make entries durable. Raises `JournalUnusable`."""
        async with self._appending:
            self._note_away([it for it in entries if _is_nowhere(it)])
            for some in _rounds(entries):
                await self._append_some([it for it in some if _is_nowhere(it)])

    async def _append_some(self, entries: Sequence[Entry]) -> None:
        if not self._journal or not entries:
            return
        try:
            receipts = await self._journal.append([entry.write for entry in entries])
        except JournalUnusable as exc:
            self._go_on_uncounted()
            self._fail(exc)
            raise
        self._note_usable()
        for entry, receipt in zip(entries, receipts, strict=True):
            self._note(entry, receipt)
        for key in {entry.key for entry in entries}:
            if self._keys[key]:
                self._queues.postpone(key)
        self._read_on()

    def _note_away(self, entries: Iterable[Entry]) -> None:
        """Note that the database did not answer, if it has not since one that is late came."""
        if self._is_away or not self._journal:
            return
        limit = asyncio.get_running_loop().time() - self._after_s
        if any(self._answered_at < it.since <= limit for it in entries):
            self._is_away = True
            self._failure = None  # of another time: whether it can be used shows now

    def _note(self, entry: Entry, receipt: Receipt) -> None:
        if not self._journal:
            return
        if entry.resolved.is_set():  # it was stored meanwhile, and must not be handed out
            self._journal.keep_in_memory(receipt)
            self._journal.settle(receipt)
            return
        entry.receipt = receipt
        self._keys[entry.key] += 1
        if entry.is_taken:
            self._journal.keep_in_memory(receipt)
        self._accepted(entry)
        self._tell_change()

    # Out of it

    def _read_on(self) -> None:
        """Hand out more of the journal, where there is room in memory: what was left goes first."""
        journal = self._journal
        if (
            journal
            and self._is_known
            and journal.has_more
            and not self._is_reading
            and self._room
            and not self._closed
        ):
            self._is_reading = True
            self._start(self._read(journal))

    @property
    def _room(self) -> int:
        if self._handed_out["bytes"] >= WINDOW_SIZE:
            return 0
        return max(0, WINDOW - self._handed_out["writes"])

    async def _read(self, journal: Journal) -> None:
        try:
            await journal.tidy()
            for write, receipt in await journal.read(self._room):
                self._handed_out.update({"writes": 1, "bytes": receipt.size})
                self._hand_in(write, receipt)
        except JournalUnusable as exc:
            self._say(exc)
            asyncio.get_running_loop().call_later(AGAIN_S, self._read_on)
            return
        finally:
            self._is_reading = False
        self._free_all_if_empty(journal)
        self._dispatch()
        self._read_on()

    def answered(self) -> None:
        """Note that the database has answered."""
        self._answered_at = asyncio.get_running_loop().time()
        self._is_away = False
        self._tell_change()

    def settle(self, entry: Entry, *, is_kept: bool = True) -> None:
        """Note that an entry is stored or a dead letter; if not, the next run will try it again."""
        if not self._journal or entry.receipt is None:
            return
        if is_kept:
            self._journal.settle(entry.receipt)
        if entry.is_handed_out:
            self._handed_out.subtract({"writes": 1, "bytes": entry.receipt.size})
        self._keys[entry.key] -= 1
        if self._keys[entry.key] <= 0:
            self._free(entry.key)
        self._free_all_if_empty(self._journal)
        self._read_on()

    def _free(self, key: str) -> None:
        del self._keys[key]
        self._queues.resume(key)
        self._tell_freed()
        self._tell_change()

    def _tell_change(self) -> None:
        if self._told is self.saving:
            return
        self._told = self.saving
        try:
            self._changed(self._told)
        except Exception:  # whoever listens must not stop the writer
            logger.exception("What follows on a change of the journal failed")

    def _free_all_if_empty(self, journal: Journal) -> None:
        """Let nobody wait for a write that was counted, and then could not be read."""
        if not journal.depth:
            for key in list(self._keys):
                self._free(key)

    def _tell_freed(self) -> None:
        self._freed.set()
        self._freed = asyncio.Event()

    async def stored(self, key: str | None) -> None:
        """Wait until nothing of a key, or nothing at all, is left in the journal."""
        self.open()
        while not self._closed and self._has(key):
            await self._freed.wait()

    def _has(self, key: str | None) -> bool:
        return not self._is_known or bool(self._keys[key] if key else self._keys.total())

    async def set_aside(self, write: Write, reason: str) -> bool:
        """Keep a write as a dead letter; returns whether it is kept."""
        if self._journal is None:
            return False
        try:
            await self._journal.set_aside(write, reason)
        except JournalUnusable as exc:
            self._say(exc)
            return False
        return True

    def _fail(self, exc: JournalUnusable) -> None:
        """Remember that nothing can be appended."""
        self._failure = exc
        self._say(exc)
        self._tell_change()

    def _note_usable(self) -> None:
        if self._failure:
            self._failure, self._said = None, ""
            self._tell_change()

    def _say(self, exc: JournalUnusable) -> None:
        """Log what of the journal cannot be used, once until it changes."""
        if str(exc) != self._said:
            logger.error("%s", exc)
        self._said = str(exc)

    @property
    def state(self) -> JournalState | None:
        """How much is in the journal; None without one."""
        if self._journal is None:
            return None
        failure = str(self._failure or "")
        return JournalState(self._journal.depth, self._journal.size, self._journal.since, failure)

    # The end

    @property
    def patience_s(self) -> float | None:
        """How long `close` waits for the database before it takes the journal; None without one."""
        if self._journal is None:
            return None
        return 0.0 if self._is_away else self._after_s

    async def take_all(self) -> bool:
        """Append all that is nowhere; returns whether it is durable now."""
        try:
            await self._append(self._waiting())
        except JournalUnusable:
            return False
        return True

    async def stop(self) -> None:
        """Hand nothing out any more; returns when nothing is under way."""
        self._closed = True
        if self._journal:
            self._journal.stop()
        for timer in (self._timer, self._next_look):
            if timer:
                timer.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)  # a cancel would leave halves
        self._tell_freed()

    async def close(self) -> None:
        """Leave the journal to the process that starts next."""
        if self._journal:
            await self._journal.close()


def _is_nowhere(entry: Entry) -> bool:
    return entry.receipt is None and not entry.resolved.is_set()


def _rounds(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for first in range(0, len(entries), ROUND):
        yield entries[first : first + ROUND]
