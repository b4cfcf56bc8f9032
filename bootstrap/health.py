"""What whoever watches over the program may ask, put together."""

from collections.abc import Callable
from functools import partial
from typing import Literal

from access.login.base import LoginMode
from chat.live.running import LiveThreads
from common.processes.ending import Ending
from datalayer.layer import KeepchatDataLayer
from datalayer.pipeline.journal.journal import JournalState
from datalayer.pipeline.spool.spool import SpoolState
from datalayer.stores.base import Store
from datalayer.stores.capabilities import Migrates
from datalayer.writes import wall_clock
from patches.socket.line import SocketLine
from routes.health.meters import Meters, States
from routes.health.metrics import Readers
from routes.health.readiness import Readiness
from settings import Settings
from storage.base import Storage

MICROSECONDS = 1_000_000


def open_readiness(
    store: Store,
    storage: Storage,
    layer: KeepchatDataLayer,
    login: LoginMode,
    ending: Ending,
) -> Readiness:
    """Return what tells whether people can be sent here."""
    return Readiness(
        store,
        storage,
        layer,
        needs_migration=partial(_needs_migration, store),
        knows_logins=lambda: login.sessions.is_ready,
        ending=ending,
    )


async def _needs_migration(store: Store) -> bool:
    return isinstance(store, Migrates) and await store.needs_migration()


def readers_of(settings: Settings) -> Readers:
    """Return who may read the metrics."""
    token = settings.metrics_token
    return Readers(settings.metrics_allow_ips, token.get_secret_value() if token else "")


def measure(meters: Meters, layer: KeepchatDataLayer, live: LiveThreads, line: SocketLine) -> None:
    """Have the metrics show how things stand."""
    meters.look_at(_about_people(live, line))
    meters.look_at(_about_waiting("journal", "writes", lambda: layer.journal_state))
    meters.look_at(_about_waiting("spool", "files", lambda: layer.spool_state))
    meters.count_dead_letters = layer.count_dead_letters


def _about_waiting(
    place: str, what: str, state: Callable[[], JournalState | SpoolState | None]
) -> States:
    """Return what tells how much waits in a place of this process, and for how long."""

    def count(name: Literal["depth", "size"]) -> float:
        found = state()
        return getattr(found, name) if found else 0

    def oldest() -> float:
        found = state()
        since = found.since if found and found.depth else None
        return max(0.0, (wall_clock() - since) / MICROSECONDS) if since else 0.0

    def usable() -> float:
        found = state()
        return float(found is not None and not found.failure)

    return {
        f"keepchat_{place}_{what}": (
            f"Accepted {what} that are not stored yet: those in the {place} of this process.",
            partial(count, "depth"),
        ),
        f"keepchat_{place}_bytes": (f"Bytes of the {place}.", partial(count, "size")),
        f"keepchat_{place}_oldest_seconds": (
            f"How long the oldest has been in the {place}, or a little longer; 0 for none.",
            oldest,
        ),
        f"keepchat_{place}_usable": (f"1 where the {place} can take more, else 0.", usable),
    }


def _about_people(live: LiveThreads, line: SocketLine) -> States:
    return {
        "keepchat_answers_running": (
            "Answers that are on their way in this process.",
            lambda: sum(1 for _ in live.turns()),
        ),
        "keepchat_pages_connected": ("Pages that are connected.", line.count_open),
        "keepchat_sessions": (
            "Sessions of pages, those included that may come back.",
            line.count_sessions,
        ),
    }
