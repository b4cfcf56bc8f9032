"""AUTH_MODE=oidc: a button on the login page that leads to a provider, and back."""

import logging
import time

import chainlit as cl
from chainlit.config import config
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from access.login import cookies
from access.login.base import Button, FindOwner, LoginMode, LoginState, Visit
from access.login.door import visit_of
from access.login.modes.oidc import browser
from access.login.modes.oidc.attempt import Attempt, begun, resumed
from access.login.modes.oidc.browser import Address, address_of
from access.login.modes.oidc.claims import Person, person_of
from access.login.modes.oidc.errors import LoginRefused, Refusal
from access.login.modes.oidc.options import OidcOptions
from access.login.modes.oidc.people import People
from access.login.modes.oidc.provider import Provider, SignedIn
from access.login.record import record
from access.login.sessions import Refused, Sessions
from access.login.tokens import Login
from chat.wording.sentences import OPERATOR
from datalayer.errors import StoreUnavailable
from datalayer.stores.accounts import AccountStore

logger = logging.getLogger("keepchat.login")

BUTTON = "oidc"
SIGNED_IN = "#signed-in"
"""What the page is told by its address: it goes to where the person wanted to."""
LONGEST_REASON = 500  # characters of the log
LONGEST_CODE = 2_048  # characters of what a provider sends people back with


class OidcLogin(LoginMode):
    """Those come in whom the provider vouches for and the settings let in."""

    has_accounts = True

    def __init__(
        self,
        sessions: Sessions,
        accounts: AccountStore,
        find_owner: FindOwner,
        options: OidcOptions,
        prefix: str = "",
    ) -> None:
        """`prefix`: of all paths."""
        super().__init__(sessions)
        self._options = options
        self._provider = Provider(options)
        self._people = People(accounts, find_owner, links_by_email=options.links_by_email)
        self._prefix = prefix

    @property
    def button(self) -> Button:
        """The button that leads to the provider."""
        return Button(BUTTON, self._options.label)

    def state(self, host: str) -> LoginState:
        """Say where people sign in; the provider is asked no earlier than by one of them."""
        return LoginState("ok", f"people sign in at {self._options.issuer}")

    async def people(self) -> LoginState:
        """Ask the provider whether it knows anybody."""
        try:
            about = await self._provider.about()
        except LoginRefused as exc:
            remedy = "Check OIDC_ISSUER, and that the provider can be reached from here."
            return LoginState("failed", str(exc), remedy)
        return LoginState("ok", f"people sign in at {about.issuer}, which answers")

    def router(self, prefix: str) -> APIRouter:
        """Return the ways to the provider and back, and out."""
        router = APIRouter(prefix=f"{prefix}/auth/oauth/{BUTTON}", include_in_schema=False)
        for path, way in (("", self.begin), ("/callback", self.come_back), ("/logout", self.leave)):
            router.add_api_route(path, way, methods=["GET"], response_model=None)
        return router

    def farewell(self, login: Login) -> str | None:
        """Return the way out by the provider."""
        ends = self._options.ends_at_provider
        return f"{self._prefix}/auth/oauth/{BUTTON}/logout" if ends else None

    def register(self) -> None:
        """Let Chainlit's login page show the button; what it would ask is asked by our routes."""

        @cl.oauth_callback
        async def oauth(*_asked: object) -> cl.User | None:
            return None

    async def begin(self, request: Request) -> Response:
        """Send a browser to the provider."""
        visit, address = visit_of(request), self._address(request)
        answer = Response(status_code=303)
        key = browser.keep_key(answer, visit, address)
        attempt = begun(key, self._keys()[0], time.time())
        try:
            answer.headers["Location"] = await self._provider.login_url(attempt, address.callback)
        except LoginRefused as exc:
            return self._refused(visit, exc)
        return answer

    async def come_back(self, request: Request) -> Response:
        """Sign in whom the provider sends back."""
        visit, address = visit_of(request), self._address(request)
        try:
            signed_in = await self._answered(request, visit, address)
            person = person_of(signed_in.claims, self._options)
            login = await self._signed_in(visit, person)
        except LoginRefused as exc:
            return self._refused(visit, exc)
        except StoreUnavailable as exc:
            return self._refused(visit, LoginRefused(Refusal.DATABASE, str(exc)))
        answer = RedirectResponse(f"{self._prefix}/{SIGNED_IN}", 303)
        cookies.sign_in(answer, login.token, visit.credentials.names)
        if self._options.ends_at_provider:
            lives_s = config.project.user_session_timeout
            browser.keep_hint(answer, signed_in.id_token, address, self._prefix, lives_s)
        return answer

    async def leave(self, request: Request) -> Response:
        """Send a browser that has signed out here to where it signs out of the provider."""
        visit, address = visit_of(request), self._address(request)
        # Another site's link signs nobody out of everything.
        comes_from_us = request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
        url = await self._way_out(visit, address) if comes_from_us else None
        answer = RedirectResponse(url or f"{self._prefix}/login", 303)
        if comes_from_us:
            browser.drop_hint(answer, address, self._prefix)
        return answer

    async def _way_out(self, visit: Visit, address: Address) -> str | None:
        if not self._options.ends_at_provider:
            return None
        try:
            return await self._provider.logout_url(browser.hint_of(visit), address.login_page)
        except LoginRefused as exc:
            logger.warning("Nobody signs out at the provider: %s", exc)
            return None

    async def _answered(self, request: Request, visit: Visit, address: Address) -> SignedIn:
        """Return what comes of an attempt of this very browser."""
        said = request.query_params
        attempt = self._attempt(said.get("state", ""), browser.key_of(visit, address))
        if error := said.get("error"):
            is_cancelled = error in ("access_denied", "login_required", "interaction_required")
            refusal = Refusal.CANCELLED if is_cancelled else Refusal.FAILED
            why = f"The provider sends back {error!r}: {said.get('error_description', '')!r}"
            raise LoginRefused(refusal, why)
        await self._require_issuer(said.get("iss"))
        code = said.get("code", "")
        if not 1 <= len(code) <= LONGEST_CODE:
            raise LoginRefused(Refusal.FAILED, "The provider sends nobody back with a code.")
        return await self._provider.signed_in(code, attempt, address.callback)

    def _attempt(self, state: str, key: str) -> Attempt:
        if attempt := resumed(state, key, self._keys(), time.time()):
            return attempt
        why = "No attempt of this browser is under way with what it comes back with."
        raise LoginRefused(Refusal.EXPIRED, why)

    async def _require_issuer(self, said: str | None) -> None:
        """Refuse who says that another provider sends the person (RFC 9207)."""
        if said is not None and said != (await self._provider.about()).issuer:
            raise LoginRefused(Refusal.FAILED, f"{said!r} sends the person, whom nobody asked.")

    async def _signed_in(self, visit: Visit, person: Person) -> Login:
        account = await self._people.account_of(person)
        user = cl.User(
            identifier=account.identifier,
            display_name=person.name or None,
            metadata={OPERATOR: True} if person.is_operator else {},
        )
        try:
            return await self.sign_in(visit, user, account)
        except Refused as exc:
            why = "The account changed meanwhile."
            raise LoginRefused(Refusal.DISABLED, why) from exc

    def _refused(self, visit: Visit, refused: LoginRefused) -> Response:
        """Lead to the login page, which says what went wrong; the log says why."""
        record("login refused", "", visit.address, why=str(refused)[:LONGEST_REASON])
        return RedirectResponse(f"{self._prefix}/login?error={refused.refusal.value}", 303)

    def _keys(self) -> list[bytes]:
        return list(self.sessions.tokens.key_for("oidc"))

    def _address(self, request: Request) -> Address:
        return address_of(request, self._options.public_url, self._prefix)
