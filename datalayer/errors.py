"""Errors of the data layer.

DataLayerError
├── StoreUnavailable     the database cannot be reached or is busy; the same call may succeed later
│   ├── StoreHeldUp          somebody holds what is needed, or it is too much at once
│   │   └── ThreadsLocked    somebody else is at work in threads of the batch
│   ├── StoreMisconfigured   it refuses the way it is asked: password, database, rights, URL
│   └── JournalUnusable      nor can the journal keep what is written meanwhile
├── SpoolUnusable        a file whose storage is away cannot be kept meanwhile
├── WriteRejected        the database will never take this write (a value it cannot hold)
├── WriteRefused         the write would move a row or act on what is not the writer's
├── StepGone             a step that was written is deleted, alone or with its thread
├── CopyFailed           of a thread, or of the files of a step, there is no copy
├── SchemaMismatch       the database's schema does not fit this version of the program
├── BackupFailed         there is no backup
├── SourceUnusable       the database of an import cannot be read, or is not what it should be
├── UnreadableWrite      what was kept of a write is damaged, or of a newer version
│   └── NewerWrite           it is whole, and of a newer version
└── WriterClosed         a write arrived after close()

Driver errors are translated into these at one boundary per store, with the cause attached
unless it would show what people wrote.
A message is for people. It names the write that it is about by its kind and id, or what else it is
about, never what people wrote; and it says what to do, where somebody can do something.
"""

import logging
from collections.abc import Collection


class DataLayerError(Exception):
    """Base of every error that the data layer raises."""


class StoreUnavailable(DataLayerError):
    """The database cannot be reached, is locked or full; the same call may succeed later."""


class StoreHeldUp(StoreUnavailable):
    """A lock was not to be had, or time or memory ran out: less at once may succeed."""


class ThreadsLocked(StoreHeldUp):
    """Somebody else has locked these threads; writes to others can go on."""

    def __init__(self, thread_ids: Collection[str]) -> None:
        names = ", ".join(sorted(thread_ids))
        super().__init__(
            f"Another transaction has locked the threads {names}; it is tried again until it ends."
        )
        self.thread_ids = frozenset(thread_ids)


class StoreMisconfigured(StoreUnavailable):
    """The database refuses the way it is asked; somebody has to correct the URL or the server."""


class JournalUnusable(StoreUnavailable):
    """The journal is full or cannot be written: while the database is away nothing is accepted."""


class SpoolUnusable(DataLayerError):
    """The spool is full or cannot be written: while the storage is away no file is accepted."""


class WriteRejected(DataLayerError):
    """The database will never take this write; a store says it of a batch, all of it not stored."""


class WriteRefused(DataLayerError):
    """The write names an existing id under another thread or owner, or a step that is absent."""


class StepGone(DataLayerError):
    """A step was written that is deleted, alone or with its thread or its owner."""


class CopyFailed(DataLayerError):
    """There is no copy of a thread, or of the files of a step, nor anything of one."""


class SchemaMismatch(DataLayerError):
    """The schema is newer than the program, incomplete, or somebody else's."""


class BackupFailed(DataLayerError):
    """No backup could be made; the message says why and what to do."""


class SourceUnusable(DataLayerError):
    """The database that an import is to read cannot be read, or has other tables."""


class UnreadableWrite(DataLayerError):
    """What was kept of a write cannot be read: it is damaged, or of a newer version."""


class NewerWrite(UnreadableWrite):
    """What was kept of a write is whole, and was written by a newer version of the program."""


class WriterClosed(DataLayerError):
    """A write arrived after the writer was closed; the program is shutting down."""


def is_away(exc: BaseException) -> bool:
    """Tell whether the database is away: that is told once, by `common.concurrency.outages`."""
    return isinstance(exc, StoreUnavailable) and not isinstance(exc, StoreHeldUp | JournalUnusable)


def level_of(exc: BaseException) -> int:
    """Return the level at which to log what cannot be done for somebody because of an error."""
    return logging.DEBUG if is_away(exc) else logging.WARNING
