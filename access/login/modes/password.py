"""AUTH_MODE=password: a login page, and accounts."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import chainlit as cl
from cachetools import TTLCache
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import JSONResponse

from access.login import cookies
from access.login.accounts.names import LONGEST_NAME, folded
from access.login.accounts.passwords import checked_password, hash_password, is_password
from access.login.base import LoginMode, LoginState
from access.login.door import visit_of
from access.login.guessing.devices import Devices
from access.login.guessing.throttle import Attempt, Throttle, TooManyAttempts
from access.login.guessing.turns import Turns
from access.login.record import record
from access.login.sessions import Refused, Sessions
from access.login.tokens import Login
from common.concurrency.blocking import BlockingPool
from datalayer.stores.accounts import Account, AccountStore
from datalayer.values import iso_time

# A hash takes 64 MiB and a core for a moment.
HASHED_AT_ONCE = 2
MADE_UP_AT_ONCE = 1  # of names that there are not
MOST_WAITING = 64
TOLD_S = 10.0  # so long nothing more is logged of refusals to one address
MOST_TOLD = 100


class PasswordLogin(LoginMode):
    """Those come in who have an account and know its password."""

    has_accounts = True
    has_passwords = True

    def __init__(self, sessions: Sessions, accounts: AccountStore) -> None:
        super().__init__(sessions)
        self._accounts = accounts
        self._throttle = Throttle()
        self._turns = Turns(HASHED_AT_ONCE, MOST_WAITING)
        self._made_up = Turns(MADE_UP_AT_ONCE, MOST_WAITING // 4)
        self._hashing = BlockingPool(HASHED_AT_ONCE + MADE_UP_AT_ONCE)
        self._hashed_in_s = 0.0  # how long the last one took
        self._told: TTLCache[str, bool] = TTLCache(MOST_TOLD, TOLD_S)

    def state(self, host: str) -> LoginState:
        """Say that it may listen: any host will do."""
        return LoginState("ok", "with a password")

    async def people(self) -> LoginState:
        """Say how many can sign in."""
        accounts = await self._accounts.list_accounts()
        number = sum(is_open(account) for account in accounts)
        if number:
            return LoginState("ok", f"{number} can sign in with a password")
        remedy = "Run 'python manage.py user add NAME'."
        return LoginState("warning", "Nobody can sign in yet.", remedy)

    def register(self) -> None:
        """Let Chainlit's login page ask for name and password."""

        @cl.password_auth_callback
        async def password_auth(_name: str, _password: str) -> cl.User | None:
            return None  # they go to the route below

    def router(self, prefix: str) -> APIRouter:
        """Return what the login page sends name and password to."""
        router = APIRouter(prefix=prefix, include_in_schema=False)
        devices = Devices(self.sessions.tokens.key_for("device"), f"{prefix}/login")

        @router.post("/login")
        async def login(
            request: Request, username: Annotated[str, Form()], password: Annotated[str, Form()]
        ) -> JSONResponse:
            visit, name = visit_of(request), folded(username)
            device = devices.known(name, visit.credentials)
            try:
                account = await self.authenticate(username, password, visit.address, device)
                login = await self.sign_in(visit, cl.User(identifier=account.identifier), account)
            except Refused as exc:
                record("failed login", username, visit.address, mode=self.sessions.mode)
                raise HTTPException(401, "credentialssignin") from exc
            except TooManyAttempts:
                if self._is_news(visit.address):
                    record("throttled login", username, visit.address, mode=self.sessions.mode)
                raise
            answer = JSONResponse({"success": True})
            cookies.sign_in(answer, login.token, visit.credentials.names)
            devices.remember(name, device, answer)
            return answer

        return router

    async def authenticate(
        self, name: str, password: str, address: str = "", device: str = ""
    ) -> Account:
        """Return the account whose name and password these are; `device` as in `Attempt`.

        Raises `Refused` where they are not, `TooManyAttempts`, `StoreUnavailable`.
        """
        if not self._throttle.is_trusted(device):
            self._throttle.check_address(address)
        key = folded(name) if len(name) <= LONGEST_NAME else ""
        account = await self._accounts.get_account(key) if key else None
        if account is None or not is_open(account):
            await self._fail(Attempt(key, is_known=False, address=address), password)
        else:
            attempt = Attempt(key, is_known=True, address=address, device=device)
            if await self._is_right(attempt, account, password):
                return account
            await self._fail(attempt, password)
        raise Refused

    async def change_password(
        self, login: Login, current: str, new: str, *, address: str = ""
    ) -> None:
        account = await self._account_of(login.identifier)
        attempt = Attempt(account.key, is_known=True, address=address, device=login.session_id)
        if not await self._is_right(attempt, account, current):
            record("failed login", login.identifier, address, session=login.session_id)
            raise Refused
        await self._hashing.run(checked_password, new, login.identifier)
        password_hash = await self._hashing.run(hash_password, new)
        changed = replace(
            account, password_hash=password_hash, changed_at=iso_time(datetime.now(UTC))
        )
        if not await self._accounts.save_account(changed, replaces=account, keeps=login.session_id):
            raise Refused
        record("password changed", login.identifier, address, session=login.session_id)

    async def _account_of(self, identifier: str) -> Account:
        accounts = await self._accounts.list_accounts()
        found = next((it for it in accounts if it.identifier == identifier and is_open(it)), None)
        if found is None:
            raise Refused
        return found

    async def _is_right(self, attempt: Attempt, account: Account, password: str) -> bool:
        is_trusted = self._throttle.is_trusted(attempt.device)
        async with self._turns.turn(attempt.keys, first=is_trusted):
            await asyncio.sleep(self._throttle.pause_s(attempt))
            succeed = self._throttle.begin(attempt)
            is_right = await self._verify(password, account.password_hash)
            if is_right:
                succeed()
                self._turns.forget(attempt.keys)
            return is_right

    async def _fail(self, attempt: Attempt, password: str) -> None:
        """Take as long as for a name that there is not, whether there is one or not.

        Those have a queue of their own, so that made-up ones keep nobody out.
        """
        async with self._made_up.turn(attempt.keys):
            if attempt.is_known:
                return
            self._throttle.begin(attempt)
            if self._made_up.is_crowded:  # the core is for people
                await asyncio.sleep(self._hashed_in_s)
            else:
                await self._verify(password, None)

    async def _verify(self, password: str, password_hash: str | None) -> bool:
        began = time.monotonic()
        is_right = await self._hashing.run(is_password, password, password_hash)
        self._hashed_in_s = time.monotonic() - began
        return is_right

    def _is_news(self, address: str) -> bool:
        """Tell whether to log a refusal: a flood must not fill the log."""
        if address in self._told or len(self._told) >= MOST_TOLD:
            return False
        self._told[address] = True
        return True


def is_open(account: Account) -> bool:
    """Tell whether somebody can sign in to an account with a password."""
    return account.status == "active" and account.password_hash is not None
