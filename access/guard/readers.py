"""Who may read a thread: its author, and others while it is shared."""

from chainlit.user import PersistedUser, User

from datalayer.stores.base import ThreadReads
from datalayer.values import as_id


async def may_read(
    reads: ThreadReads, user: User | PersistedUser, thread_id: str, *, sharing: bool
) -> bool:
    """Return whether a user may see what is in a thread: its author, and while it is shared and
    sharing is switched on, whoever is signed in.
    """
    known_id = as_id(thread_id)
    if known_id is None:
        return False
    if await reads.get_thread_author(known_id) == user.identifier:
        return True
    return sharing and await is_shared(reads, known_id)


async def is_shared(reads: ThreadReads, thread_id: str) -> bool:
    """Return whether a thread's author lets others see it."""
    metadata = await reads.get_thread_metadata(thread_id)
    return metadata is not None and metadata.get("is_shared") is True
