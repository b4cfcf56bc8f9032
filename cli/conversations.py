"""Whose conversations there are, for the commands that give a name away."""

from access.login.accounts.names import checked_name, folded
from datalayer.pipeline.locks import apply_when_free
from datalayer.stores.base import Store
from datalayer.writes import DeleteUser, RevisionClock, SavePreferences

_PAGE = 500


async def owner_named(store: Store, *names: str | None) -> str | None:
    """Return who has conversations by one of these names, as it is written or folded."""
    written = [each for name in names if name for each in (name.strip(), checked_name(name))]
    for name in dict.fromkeys([*written, *map(folded, written)]):
        if await store.get_user(name):
            return name
    return None


async def count_conversations(store: Store, identifier: str) -> int:
    """Return how many conversations somebody has."""
    user = await store.get_user(identifier)
    if user is None:
        return 0
    page = await store.list_threads(user.id, first=_PAGE)
    count = len(page.threads)
    while page.next_cursor:
        page = await store.list_threads(user.id, first=_PAGE, after=page.next_cursor)
        count += len(page.threads)
    return count


async def erase_conversations(store: Store, identifier: str) -> None:
    """Delete somebody with all that is theirs."""
    await apply_when_free(
        store, [DeleteUser(identifier=identifier, revision=RevisionClock().next())]
    )


async def forget_preferences(store: Store, identifier: str) -> None:
    """Delete what somebody always wanted: it is not for whoever gets their name."""
    if kept := await store.get_preferences(identifier):
        revision = RevisionClock().next()
        nothing = dict.fromkeys(kept)
        write = SavePreferences(identifier=identifier, preferences=nothing, revision=revision)
        await apply_when_free(store, [write])


def in_words(count: int) -> str:
    """Return how many conversations these are, in words."""
    return "1 conversation" if count == 1 else f"{count:,} conversations"
