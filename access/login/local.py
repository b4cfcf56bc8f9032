"""AUTH_MODE=local: one user, no login page, this computer only.

The page's own requests come from a loopback address and name a loopback host. Everything else is
refused, so that no site open in the same browser can reach the chat by pointing a name of its own
at 127.0.0.1; what comes from pages of other origins is refused before (`routes/origins.py`).
"""

from typing import Any

import chainlit as cl
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Scope

from access.login.base import Admission, LoginMode, LoginState, Visit
from access.login.loopback import host_of, is_loopback

USER = "local"
REFUSAL = "This chat answers on this computer only: open it as http://localhost, not as {host}.\n"


class LocalLogin(LoginMode):
    """Whoever sits at this computer is the one user."""

    is_personal = True
    users_are_operators = True

    def state(self, host: str) -> LoginState:
        """Judge whether others could reach the host."""
        if is_loopback(host):
            return LoginState("ok", "no login, this computer only")
        message = f"AUTH_MODE: local has no login and so does not listen on {host}."
        remedy = "Use --host 127.0.0.1 (CHAINLIT_HOST), or set AUTH_MODE=password."
        return LoginState("failed", message, remedy)

    async def admit(self, visit: Visit) -> Admission:
        """Refuse strangers, and sign the browser in as it loads a page."""
        scope = visit.connection.scope
        if not is_from_this_computer(scope):
            host = host_of(visit.connection.headers.get("host", "")) or "another name"
            return Admission(answer=PlainTextResponse(REFUSAL.format(host=host), 403))
        if visit.login or not visit.wants_page:
            return Admission(visit.login)
        return Admission(await self.sign_in(visit, cl.User(identifier=USER)))

    def register(self) -> None:
        """Let everyone who gets this far in as the one user: it makes Chainlit want a login."""

        @cl.header_auth_callback
        async def header_auth(headers: Any) -> cl.User:  # noqa: ARG001 - Chainlit's signature
            return cl.User(identifier=USER)


def is_from_this_computer(scope: Scope) -> bool:
    """Tell whether a request comes from this computer, and for it."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    client = scope.get("client")
    return is_loopback(host_of(host)) and (client is None or is_loopback(client[0]))
