"""Logins of those who prove with each request who they are: what comes at once shares one session.

A page asks for many things at the same time, and a socket can be given no cookie.
"""

import asyncio
from collections.abc import Hashable

from cachetools import TTLCache
from chainlit.user import User
from fastapi import APIRouter

from access.login.base import Visit
from access.login.sessions import Sessions
from access.login.tokens import Login
from datalayer.stores.accounts import Account

_LASTS_S = 600.0
_MOST = 10_000


class Returning:
    """Begins sessions, one for each person and browser, and gives it to those that come soon."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._begun: TTLCache[Hashable, asyncio.Task[Login]] = TTLCache(_MOST, _LASTS_S)

    async def login(self, visit: Visit, user: User, account: Account | None = None) -> Login:
        """Return a login of a person in this browser; one of somebody else there ends.

        Raises `Refused` unless the account is stored as it is here, `StoreUnavailable`.
        """
        whose = (user.identifier, user.display_name, *sorted(user.metadata.items()))
        key = (*whose, account, visit.client, visit.address)
        begun = self._begun.get(key)
        if begun is None or not self._lives(begun):
            begun = self._begun[key] = asyncio.create_task(
                self._sessions.begin(
                    user, account=account, client=visit.client, address=visit.address
                )
            )
        login = await asyncio.shield(begun)
        if visit.login and visit.login.session_id != login.session_id:
            await self._sessions.leave(visit.login, address=visit.address)
        return login

    def _lives(self, begun: asyncio.Task[Login]) -> bool:
        if not begun.done():
            return True
        if begun.cancelled() or begun.exception():
            return False
        return self._sessions.honours(begun.result().token)


def silent_router(prefix: str) -> APIRouter:
    """Return what Chainlit's login page and scripts ask: the door has signed them in."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.post("/auth/header")
    async def signed_in() -> dict[str, bool]:
        return {"success": True}

    return router
