"""Whether people can be sent to this program: what is asked for that, and what follows from it.

All replicas share the database. One that is away is no reason to send nobody anywhere: those who
are signed in go on, and what they write is kept in the journal. It is a reason where the journal
cannot be used, or where nothing is known of the database yet.
"""

from asyncio import gather
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from common.processes.ending import Ending
from datalayer.errors import SchemaMismatch
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.base import Store
from routes.health.probe import Probe, Silent
from storage.base import Storage
from storage.errors import ObjectMissing, StorageDenied, StorageMisconfigured

Status = Literal["ok", "degraded", "failed"]

MIGRATIONS_HOLD_S = 30.0
STORAGE_HOLDS_S = 5.0
STORING_HOLDS_S = 60.0  # it costs something
NOTHING = "00000000-0000-4000-8000-000000000000"  # neither a thread nor a file is called so
NO_FILE = f"keepchat-check/{NOTHING}"  # in the folder that the doctor tries links in

_SILENT = "does not answer in time"
_AWAY = "cannot be reached"


@dataclass(frozen=True, slots=True)
class Check:
    """One of the things that are looked at: `degraded` is what the program can do without for now.

    The message names no address and nothing that the settings say: who reads it is not known.
    """

    status: Status = "ok"
    message: str = ""


OK = Check()
Checks = Mapping[str, Check]


class Readiness:
    """Looks at what the program needs; it costs the same however many ask."""

    def __init__(
        self,
        store: Store,
        storage: Storage,
        layer: KeepchatDataLayer,
        *,
        needs_migration: Callable[[], Awaitable[bool]],
        knows_logins: Callable[[], bool],
        ending: Ending,
    ) -> None:
        """`knows_logins` tells whether it is known here which logins count."""
        self._ending = ending
        self._needs_migration = needs_migration
        self._layer = layer
        self._storage = storage
        self._knows_logins = knows_logins
        self._store = store
        self._database = Probe(self._read)
        self._migrations = Probe(self._compare, holds_s=MIGRATIONS_HOLD_S)
        self._files = Probe(self._open, holds_s=STORAGE_HOLDS_S)
        self._storing = Probe(storage.check, holds_s=STORING_HOLDS_S)
        self._probes = (self._database, self._migrations, self._files, self._storing)
        self._has_schema: bool | None = None  # as far as was heard of it

    async def close(self) -> None:
        """Look at nothing any more."""
        for probe in self._probes:
            await probe.close()

    async def checks(self) -> Checks:
        """Return what was found, within a few seconds whatever is away."""
        if self._ending.is_begun:
            return {"program": Check("failed", "The program ends.")}
        probes = self._probes
        database, migrations, files, storing = await gather(*(it.failure() for it in probes))
        return {
            "database": self._about_database(database),
            "migrations": self._about_migrations(migrations),
            "storage": _about_storage(files or storing),
            "journal": self._about_journal(),
            "logins": self._about_logins(),
        }

    # What is asked

    async def _read(self) -> None:
        await self._store.get_thread_name(NOTHING)

    async def _compare(self) -> None:
        if await self._needs_migration():
            message = "The schema is older than the program."
            raise SchemaMismatch(message)
        self._has_schema = True

    async def _open(self) -> None:
        try:
            async with self._storage.open(NO_FILE):
                pass
        except ObjectMissing:
            return

    # What follows

    def _about_database(self, failure: Exception | None) -> Check:
        if failure is None or isinstance(failure, SchemaMismatch):  # that is about the schema
            if not self._layer.is_away:
                return OK
            said = "The database can be read, and stores nothing"
        else:
            said = f"The database {_SILENT if isinstance(failure, Silent) else _AWAY}"
        if self._journal_failure:
            return Check("failed", f"{said}, and the journal cannot be used.")
        return Check("degraded", f"{said}. What is written is kept in the journal.")

    def _about_migrations(self, failure: Exception | None) -> Check:
        if failure is None:
            return OK
        if isinstance(failure, SchemaMismatch):
            self._has_schema = False
            return Check("failed", "The database's schema is not that of this version.")
        was_there = self._knows_logins() if self._has_schema is None else self._has_schema
        if was_there:
            return OK  # as far as is known: the database was there and is away
        return Check("failed", "The database has not answered yet: its schema is not known.")

    def _about_journal(self) -> Check:
        if not self._journal_failure:
            return OK
        message = "The journal cannot be used: nothing is kept in it should the database go away."
        return Check("degraded", message)

    @property
    def _journal_failure(self) -> str:
        state = self._layer.journal_state
        return state.failure if state else "there is none"

    def _about_logins(self) -> Check:
        if self._knows_logins():
            return OK
        return Check("failed", "The database has not answered yet: nobody can come in.")


def _about_storage(failure: Exception | None) -> Check:
    if failure is None:
        return OK
    refusing = isinstance(failure, StorageDenied | StorageMisconfigured)
    said = _SILENT if isinstance(failure, Silent) else "refuses" if refusing else _AWAY
    return Check("degraded", f"The file storage {said}. Conversations go on; files may not.")


def is_ready(checks: Checks) -> bool:
    """Tell whether people can be sent here."""
    return all(check.status != "failed" for check in checks.values())
