"""AUTH_MODE=password: a login page, and accounts."""

import asyncio
from typing import Any

import chainlit as cl
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import JSONResponse

from access.login import cookies
from access.login.accounts import Account, UsersFile
from access.login.base import LoginMode, LoginState
from access.login.door import visit_of
from access.login.errors import AccountError
from access.login.names import LONGEST_NAME, folded
from access.login.sessions import Sessions
from access.login.throttle import Throttle, TooManyAttempts
from common.blocking import BlockingPool

HASHING_THREADS = 2  # a hash takes 64 MiB and a core for a moment


class PasswordLogin(LoginMode):
    """Those come in who have an account and know its password."""

    has_accounts = True

    def __init__(self, sessions: Sessions, users: UsersFile) -> None:
        super().__init__(sessions)
        self._users = users
        self._throttle = Throttle()
        self._hashing = BlockingPool(HASHING_THREADS)

    def state(self, host: str) -> LoginState:
        """Judge whether there is anybody who can sign in; any host will do."""
        try:
            accounts = self._users.accounts()
        except AccountError as exc:
            return LoginState("failed", f"USERS_FILE: {exc}")
        if accounts:
            return LoginState("ok", f"{len(accounts)} can sign in with a password")
        remedy = "Run 'python manage.py user add NAME'."
        return LoginState("warning", "Nobody can sign in yet.", remedy)

    def router(self, prefix: str) -> APIRouter:
        """Return what Chainlit's login page sends name and password to."""
        router = APIRouter(prefix=prefix, include_in_schema=False)

        @router.post("/login")
        async def login(request: Request, username: str = Form(), password: str = Form()) -> Any:
            visit = visit_of(request)
            account = await self.authenticate(username, password, visit.address)
            if account is None:
                raise HTTPException(401, "credentialssignin")
            login = await self.sign_in(visit, cl.User(identifier=account.name))
            answer = JSONResponse({"success": True})
            cookies.sign_in(answer, login.token, visit.credentials.names)
            return answer

        return router

    def register(self) -> None:
        """Let Chainlit's login page ask for the accounts."""

        @cl.password_auth_callback
        async def password_auth(_name: str, _password: str) -> cl.User | None:
            return None  # names and passwords go to the route above

    async def authenticate(self, name: str, password: str, address: str = "") -> Account | None:
        """Return the account if this is its password; slower and slower while it is not.

        Each address waits for its own failures only, so that nobody keeps others out.
        """
        if len(name) > LONGEST_NAME:
            return None
        try:
            async with self._throttle.turn((folded(name), address)) as attempt:
                account = await self._hashing.run(self._users.verify, name, password)
                attempt.failed = account is None
                if account:
                    await asyncio.sleep(account.wait_s)
                return account
        except TooManyAttempts:
            return None
