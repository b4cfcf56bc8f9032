"""AUTH_MODE=header: a reverse proxy signs people in, and says with each request who they are.

Nothing else says it: a login of somebody else ends as soon as the proxy names another, and who
does not come by the proxy is nobody, whatever cookie there is.
"""

from datetime import UTC, datetime
from typing import Any

import chainlit as cl
from cachetools import TTLCache
from fastapi import APIRouter

from access.login.accounts.names import folded
from access.login.base import Admission, LoginMode, LoginState, Visit
from access.login.modes.header.errors import KeysUnavailable, NotAllowed, NotByProxy
from access.login.modes.header.options import HeaderOptions
from access.login.modes.header.proxy import Person, Proxy
from access.login.record import record
from access.login.returning import Returning, silent_router
from access.login.sessions import Refused, Sessions
from access.login.tokens import Login
from access.told import HEADERS, told
from chat.wording.language import Localized
from chat.wording.sentences import OPERATOR
from datalayer.stores.accounts import Account, AccountStore
from datalayer.values import iso_time

# Of a flood that is turned away, one line in so many seconds.
TOLD_S = 10.0
MOST_TOLD = 1_000
BY_PROXY = Localized(
    en="This chat is reached by way of a server that signs people in. Open it at the address that "
    "you were given for it.",
    zh="本聊天程序须经由负责登录的服务器访问。请使用提供给您的地址打开。",
)
CLOSED = Localized(
    en="You are signed in, but you may not use this chat. Ask whoever runs it.",
    zh="您已登录，但无权使用本聊天程序。请联系管理员。",
)
LATER = Localized(
    en="Who you are cannot be verified for now. Try again in a minute.",
    zh="暂时无法验证您的身份。请稍后再试。",
)


class HeaderLogin(LoginMode):
    """Those come in whom the proxy names."""

    has_accounts = True
    takes_bearer = False  # that header is the proxy's, or for it

    def __init__(
        self,
        sessions: Sessions,
        accounts: AccountStore,
        options: HeaderOptions,
        prefix: str = "",
    ) -> None:
        super().__init__(sessions)
        self._accounts = accounts
        self._options = options
        self._prefix = prefix
        self._proxy = Proxy(options)
        self._returning = Returning(sessions)
        self._told: TTLCache[tuple[str, str], bool] = TTLCache(MOST_TOLD, TOLD_S)

    def state(self, host: str) -> LoginState:
        """Judge whether anything proves who a request comes from."""
        if problems := list(self._options.problems()):
            message = f"AUTH_MODE=header: {' '.join(problems)}"
            return LoginState("failed", message, "See docs/login.md.")
        if any(one.prefixlen == 0 for one in self._options.proxies):
            message = "AUTH_HEADER_PROXIES names every address."
            return LoginState("warning", message, "Name those of the proxy alone.")
        named = ", ".join(map(str, self._options.proxies))
        return LoginState("ok", f"people are named by the proxy at {named}")

    async def admit(self, visit: Visit) -> Admission:
        """Let in whom the proxy names, and nobody else."""
        if visit.is_health_check(self._prefix):
            return Admission()
        try:
            person = await self._proxy.person(visit.connection.scope)
            if visit.login and self._is_of(visit.login, person):
                return Admission(visit.login)
            return Admission(await self._login(visit, person))
        except NotByProxy as exc:
            return self._refused(visit, exc, BY_PROXY, 401)
        except NotAllowed as exc:
            return self._refused(visit, exc, CLOSED, 403)
        except KeysUnavailable as exc:
            return self._refused(visit, exc, LATER, 503)

    def router(self, prefix: str) -> APIRouter:
        """Return what answers Chainlit's login page, should it be shown."""
        return silent_router(prefix)

    def farewell(self, login: Login) -> str | None:
        """Return where the proxy signs people out, if that is set."""
        return self._options.logout_url or None

    def register(self) -> None:
        """Make Chainlit want a login; whoever gets this far has one."""

        @cl.header_auth_callback
        async def header_auth(headers: Any) -> cl.User | None:  # noqa: ARG001 - Chainlit's signature
            return None

    def _is_of(self, login: Login, person: Person) -> bool:
        return (
            folded(login.identifier) == person.key
            and login.display_name == person.display_name
            and login.metadata == _metadata(person)
        )

    async def _login(self, visit: Visit, person: Person) -> Login:
        account = await self._account(person)
        user = cl.User(
            identifier=account.identifier,
            display_name=person.display_name,
            metadata=_metadata(person),
        )
        try:
            return await self._returning.login(visit, user, account)
        except Refused as exc:
            message = f"The account of {person.name!r} changed meanwhile."
            raise NotAllowed(message) from exc

    async def _account(self, person: Person) -> Account:
        """Return a person's account, made at their first visit. Raises `NotAllowed`."""
        found = await self._accounts.get_account(person.key)
        if found is None:
            new = Account(
                key=person.key, identifier=person.name, changed_at=iso_time(datetime.now(UTC))
            )
            is_saved = await self._accounts.save_account(new, replaces=None)
            found = new if is_saved else await self._accounts.get_account(person.key)
        if found is None or found.status != "active" or found.subject is not None:
            message = f"The account of {person.name!r} is closed, or another provider's."
            raise NotAllowed(message)
        return found

    def _refused(
        self, visit: Visit, why: Exception, text: Localized[str], status: int
    ) -> Admission:
        said = str(why)
        if (visit.address, said) not in self._told:
            self._told[visit.address, said] = True
            record("login refused", "", visit.address, why=said)
        return Admission(answer=told(visit.connection.scope, text, status, headers=HEADERS))


def _metadata(person: Person) -> dict[str, Any]:
    return {OPERATOR: True} if person.is_operator else {}
