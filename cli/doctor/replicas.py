"""The doctor's look at how many programs run on the database, and what they do not share."""

from bootstrap.replicas import ADVICE, kept, splitting
from bootstrap.stores import open_store
from chat.live.board import alive
from chat.live.replicas import wall_clock
from cli.doctor.findings import Finding, failed, ok, warning
from datalayer.errors import DataLayerError, StoreMisconfigured
from datalayer.stores.base import Store
from datalayer.stores.capabilities import Migrates
from settings import Settings

SEVERAL = 2


async def finding(settings: Settings) -> Finding:
    """Check that what several programs have to share is shared."""
    try:
        store = open_store(settings, migrates=False)
    except StoreMisconfigured as exc:
        return failed("replicas", f"DATABASE_URL: {exc}")
    try:
        count = await _count(store)
    except DataLayerError as exc:
        return failed("replicas", str(exc))
    finally:
        await store.close()
    return _found(settings, count)


async def _count(store: Store) -> int:
    """Return how many say that they run; one that is alone says so only when it starts."""
    if not (await store.describe()).is_there:
        return 0
    if isinstance(store, Migrates) and await store.needs_migration():
        return 0
    return len(alive(await store.answers.read(), wall_clock()))


def _found(settings: Settings, count: int) -> Finding:
    if count < SEVERAL:
        return ok("replicas", "no two programs run on the database")
    told = f"{count} programs run on the database."
    if split := " ".join(splitting(settings)):
        return warning("replicas", f"{told} {split}", ADVICE)
    return ok("replicas", f"{told} {kept(settings)}")
