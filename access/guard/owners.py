"""Whose is it? What a signed-in user acts on has to be theirs; the rest is as if it were not there.

A foreign thing and one that does not exist get the same answer. `StoreUnavailable` is for the
server to answer.
"""

from chainlit.session import WebsocketSession
from chainlit.user import PersistedUser, User
from fastapi import HTTPException

from chat.wording.refusals import MISSING, SIGN_IN
from datalayer.layer import KeepchatDataLayer
from datalayer.values import as_id

Asker = User | PersistedUser


def signed_in(user: Asker | None) -> Asker:
    """Return who asks. Raises 401 when nobody has signed in."""
    if user is None:
        raise HTTPException(401, SIGN_IN.of_request())
    return user


async def user_id(layer: KeepchatDataLayer, user: Asker | None) -> str:
    """Return the id of whoever asks. Raises 404 for a user who is not there."""
    asker = signed_in(user)
    found = asker if isinstance(asker, PersistedUser) else await layer.get_user(asker.identifier)
    if found is None:
        raise missing()
    return found.id


def missing() -> HTTPException:
    """Return the answer for what is not there, or not the asker's."""
    return HTTPException(404, MISSING.of_request())


async def require_thread(layer: KeepchatDataLayer, user: Asker | None, thread_id: object) -> str:
    """Return the thread's canonical id. Raises 404 unless the asker is its author."""
    asker, known_id = signed_in(user), as_id(thread_id)
    if known_id is None or await layer.get_thread_author(known_id) != asker.identifier:
        raise missing()
    return known_id


async def require_step(
    layer: KeepchatDataLayer, user: Asker | None, step_id: str, thread_id: str | None
) -> None:
    """Raise 404 unless the step is in a thread of the asker's, in that thread if one is named."""
    signed_in(user)
    home = await layer.get_step_thread(step_id, wait=True)
    if thread_id and as_id(thread_id) != home:
        raise missing()
    await require_thread(layer, user, home)


async def require_element(
    layer: KeepchatDataLayer, user: Asker | None, element: dict[str, object]
) -> None:
    """Raise 404 unless it is a custom element, the only kind that the page may change, which is
    kept in a thread of the asker's.
    """
    thread_id = await require_thread(layer, user, element.get("threadId"))
    if element.get("forId") and as_id(element["forId"]) is None:
        raise missing()
    kept = await layer.get_element(thread_id, str(element.get("id")))
    if kept is None or kept.get("type") != "custom":
        raise missing()


def require_session(user: Asker | None, session_id: str) -> None:
    """Raise 404 unless the session is open and the asker's."""
    session = WebsocketSession.get_by_id(session_id)
    if session is None or not _is_of(session, signed_in(user)):
        raise missing()


def refuse_foreign_session(user: Asker | None, session_id: str) -> None:
    """Raise 404 when the session is somebody else's; one that is gone will do."""
    if WebsocketSession.get_by_id(session_id) is not None:
        require_session(user, session_id)


def _is_of(session: WebsocketSession, user: Asker) -> bool:
    return session.user is not None and session.user.identifier == user.identifier
