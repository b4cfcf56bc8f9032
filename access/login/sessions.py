"""The sessions of people who signed in: each begins in the database, and ends there for all.

Every process asks twice a second which have ended, and judges by what it knows: whether a login
counts is never waited for. While the database is away those that are known go on; who wants to
sign in is told to come back.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from chainlit.config import config
from chainlit.user import User

from access.login.record import record
from access.login.tokens import Login, Tokens
from common.concurrency.outages import Outage
from common.failures import in_one_line
from datalayer.errors import DataLayerError, StoreUnavailable
from datalayer.stores.accounts import Account, AccountStore, LoginSession

logger = logging.getLogger("keepchat.login")

POLL_S = 0.5
FIRST_POLL_S = 3.0  # so long the start waits for a database that is away
LEAVE_S = 2.0  # so long who signs out waits for one that is silent
_PART = "logins"  # who misses a database that is away
_TIDY_S = 3_600.0  # all that ended is read anew, and what has expired is forgotten
LONGEST_CLIENT = 200  # characters of what a browser says it is

Listener = Callable[[], Awaitable[None]]
KeepUser = Callable[[User], Awaitable[object]]


class Refused(Exception):
    """Somebody is not who they say, or their account has just changed."""


class Sessions:
    """Begins, judges and ends the sessions of one way to come in.

    A `personal` one does not depend on the database: there is one person, who need not be told
    apart from anybody. `keep_user` stores whom the conversations of a new session belong to.
    """

    on_change: Listener | None = None
    """Called whenever a login may have ended."""

    def __init__(
        self,
        store: AccountStore,
        tokens: Tokens,
        mode: str,
        *,
        keep_user: KeepUser | None = None,
        personal: bool = False,
    ) -> None:
        self.database = Outage("The database")
        """Tells that it is away; one for all who miss it."""
        self.tokens = tokens
        self.mode = mode
        self._store = store
        self._keep_user = keep_user
        self._personal = personal
        self._ended: set[str] = set()
        self._cursor = ""
        self._tidied_at: float | None = None
        self._unstored: dict[str, str] = {}  # whose; sessions that ended while it was away
        self._unbegun: list[LoginSession] = []
        self._task: asyncio.Task[None] | None = None

    # Judging

    @property
    def is_ready(self) -> bool:
        """Whether it is known which sessions have ended."""
        return self._personal or self._tidied_at is not None

    def judge(self, token: str | None) -> Login | None:
        """Return whom a token signs in; None where it counts no more. Never blocks."""
        login = self.tokens.read(token) if token else None
        if login is None or login.mode != self.mode or login.session_id in self._ended:
            return None
        return login if self.is_ready else None

    def honours(self, token: str) -> bool:
        """Tell whether a login still counts. Never blocks."""
        return self.judge(token) is not None

    def has_ended(self, token: str | None) -> bool:
        """Tell whether a token is of a session that was ended. Never blocks."""
        login = self.tokens.read(token) if token else None
        return login is not None and login.session_id in self._ended

    # Beginning and ending

    async def begin(
        self, user: User, *, account: Account | None = None, client: str = "", address: str = ""
    ) -> Login:
        """Store a session and return its login.

        Raises `Refused` unless the account is stored as it is here, `StoreUnavailable`.
        """
        began = datetime.now(UTC)
        expires = began + timedelta(seconds=config.project.user_session_timeout)
        session = LoginSession(
            id=str(uuid.uuid4()),
            identifier=user.identifier,
            created_at=_written(began),
            expires_at=_written(expires),
            mode=self.mode,
            client=client[:LONGEST_CLIENT],
            address=address,
        )
        await self._store_session(session, account)
        if self._keep_user and not self._personal:  # else Chainlit does so at its first request
            await self._keep_user(user)
        record("signed in", user.identifier, address, mode=self.mode, session=session.id)
        login = self.tokens.read(self.tokens.issue(user, session, began.timestamp()))
        assert login is not None  # noqa: S101 - it was just made
        return login

    async def _store_session(self, session: LoginSession, account: Account | None) -> None:
        try:
            is_stored = await self._store.begin_session(session, account)
        except StoreUnavailable:
            if not self._personal:
                raise
            self._unbegun.append(session)
        else:
            if not is_stored:
                raise Refused

    async def of(self, identifier: str) -> list[LoginSession]:
        """Return a person's sessions, the newest first. Raises `StoreUnavailable`."""
        found = await self._store.list_sessions(identifier, now=_written(datetime.now(UTC)))
        return [one for one in found if one.id not in self._ended]

    async def end(
        self, identifier: str, ids: Sequence[str] | None = None, *, why: str, address: str = ""
    ) -> list[str]:
        """End sessions of a person, None for all, and return which. Raises `StoreUnavailable`."""
        ended = await self._store.end_sessions(identifier, ids)
        for one in ended:
            record("session ended", identifier, address, session=one, why=why)
        await self.note_ended(ended)
        return ended

    async def leave(self, login: Login, *, address: str = "") -> None:
        """End the session of who signs out: here at once, and in the database as soon as it is
        there.
        """
        await self.note_ended([login.session_id])
        try:
            async with asyncio.timeout(LEAVE_S):
                await self.end(login.identifier, [login.session_id], why="logout", address=address)
        except (StoreUnavailable, TimeoutError):
            self._unstored[login.session_id] = login.identifier
            record("session ended", login.identifier, address, session=login.session_id, why="away")

    async def note_ended(self, ids: Sequence[str]) -> None:
        """Count sessions as ended that another call has ended in the database."""
        if not self._ended.issuperset(ids):
            self._ended.update(ids)
            await self._tell()

    # Life cycle

    async def start(self) -> None:
        """Ask which have ended, and go on asking. A database that is away is no error."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_POLL_S):
                await self._poll()
        self._task = asyncio.create_task(self._keep_polling())

    async def close(self) -> None:
        """Ask no more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _keep_polling(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            await self._poll()
            await self._tell()

    async def _poll(self) -> None:
        try:
            await self._store_late()
            if self._tidied_at is None or time.monotonic() - self._tidied_at > _TIDY_S:
                await self._read_anew()
            else:
                found = await self._store.ended_sessions(self._cursor)
                self._ended.update(found.ids)
                self._cursor = found.cursor
        except DataLayerError as exc:
            self.database.note(_PART, exc)
        except Exception as exc:  # noqa: BLE001 - the next one may succeed
            logger.error("Which logins have ended is not known: %s", in_one_line(exc))  # noqa: TRY400
        else:
            self.database.over(_PART)

    async def _read_anew(self) -> None:
        if self._tidied_at is not None:
            await self._store.forget_expired(now=_written(datetime.now(UTC)))
        before = set(self._ended)
        found = await self._store.ended_sessions()
        # What ended here meanwhile is not forgotten.
        self._ended = {*found.ids, *(self._ended - before), *self._unstored}
        self._cursor = found.cursor
        self._tidied_at = time.monotonic()

    async def _store_late(self) -> None:
        while self._unbegun:
            await self._store.begin_session(self._unbegun[0], None)
            self._unbegun.pop(0)
        for session_id, identifier in list(self._unstored.items()):
            await self._store.end_sessions(identifier, [session_id])
            del self._unstored[session_id]

    async def _tell(self) -> None:
        try:
            if self.on_change:
                await self.on_change()
        except Exception as exc:  # noqa: BLE001 - the next one may succeed
            logger.error("An ended login's pages are open: %s", in_one_line(exc))  # noqa: TRY400


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
