"""The way to the provider and back, as browsers go it, and as those do who wish others ill."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from access.login.door import Door
from access.login.modes.oidc.errors import Refusal
from access.login.modes.oidc.mode import SIGNED_IN, OidcLogin
from access.login.modes.oidc.options import OidcOptions
from chat.wording.logins import REFUSALS
from datalayer.errors import StoreUnavailable
from datalayer.stores.accounts import Account
from datalayer.stores.memory import MemoryStore
from tests.support.logins import sessions_of
from tests.support.servers.scripted_provider import (
    CLIENT,
    Answer,
    ScriptedProvider,
    running_provider,
)

HOST = "https://chat.example.org"
BEGIN, BACK, OUT = (f"/auth/oauth/oidc{path}" for path in ("", "/callback", "/logout"))


@pytest_asyncio.fixture
async def opened(server: "ScriptedProvider") -> AsyncIterator["OpenProgram"]:
    """Opens programs that send people to the provider."""
    async with AsyncExitStack() as stack:

        async def open_program(prefix: str = "", **given: Any) -> Program:
            program = Program(server, prefix, **given)
            await program.mode.sessions.start()
            stack.push_async_callback(program.mode.sessions.close)
            return program

        yield open_program


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedProvider]:
    """The provider."""
    async with running_provider() as running:
        running.told = {"email": "anna@example.org", "email_verified": True}
        yield running


class Program:
    """The login of a program, without the rest of it."""

    def __init__(self, server: ScriptedProvider, prefix: str = "", **given: Any) -> None:
        self.server = server
        self.prefix = prefix
        self.accounts = MemoryStore().accounts
        issuer = {"issuer": server.url, "client_id": CLIENT[0], "client_secret": CLIENT[1]}
        sessions = sessions_of("oidc", self.accounts)
        options = OidcOptions(**(issuer | given))
        self.mode = OidcLogin(sessions, self.accounts, nobody, options, prefix)
        self._app = FastAPI()
        self._app.include_router(self.mode.router(prefix))
        self._app.add_middleware(Door, mode=self.mode)

    def browser(self, host: str = HOST) -> httpx2.AsyncClient:
        """A browser of its own."""
        transport = httpx2.ASGITransport(self._app)
        return httpx2.AsyncClient(transport=transport, base_url=host)

    async def begin(self, browser: httpx2.AsyncClient) -> dict[str, str]:
        """What the provider is asked for a browser, which it would sign in."""
        reply = await browser.get(self.prefix + BEGIN)
        assert reply.status_code == 303
        asked = parse_qs(urlsplit(reply.headers["location"]).query)
        self.server.claims = {"nonce": asked["nonce"][0]}
        return {name: value for name, [value] in asked.items()}

    async def come_back(self, browser: httpx2.AsyncClient, **said: str) -> httpx2.Response:
        """The browser comes back with what the provider says."""
        return await browser.get(self.prefix + BACK, params=said)

    async def signed_in(self, browser: httpx2.AsyncClient) -> httpx2.Response:
        """The whole way."""
        asked = await self.begin(browser)
        return await self.come_back(browser, state=asked["state"], code="code")


OpenProgram = Callable[..., Awaitable[Program]]


async def nobody(_identifier: str) -> None:
    """No owner."""


def refusal(reply: httpx2.Response) -> str:
    """What the login page says."""
    url = urlsplit(reply.headers["location"])
    assert (reply.status_code, url.scheme, url.netloc) == (303, "", "")
    if url.fragment:
        return "/"
    assert not any(one.startswith("access_token") for one in set_cookies(reply))
    assert url.path == "/login"
    return url.query.removeprefix("error=")


def set_cookies(reply: httpx2.Response) -> Iterator[str]:
    """The cookies that a browser gets."""
    yield from reply.headers.get_list("set-cookie")


def test_each_refusal_is_a_sentence() -> None:
    assert {one.value for one in Refusal} == set(REFUSALS)


async def test_a_login_begins_a_session_of_its_account(
    server: ScriptedProvider, opened: OpenProgram
) -> None:
    program = await opened()
    async with program.browser() as browser:
        reply = await program.signed_in(browser)
        assert (reply.status_code, reply.headers["location"]) == (303, f"/{SIGNED_IN}")
        login = program.mode.sessions.tokens.read(browser.cookies["access_token"])
    [account] = await program.accounts.list_accounts()
    assert login is not None
    assert (login.identifier, login.display_name, login.metadata) == (
        account.identifier,
        "Anna",
        {},
    )
    assert account.subject == (server.url, "1")


async def test_the_browsers_key_is_for_it_alone(
    server: ScriptedProvider, opened: OpenProgram
) -> None:
    program = await opened()
    async with program.browser() as browser:
        [cookie] = set_cookies(await browser.get(BEGIN))
        said = cookie.lower()
        assert said.startswith("__host-keepchat_oidc=")
        assert {"httponly", "secure", "samesite=lax", "path=/", "max-age=900"} <= set(
            said.split("; ")
        )
    async with program.browser("http://localhost:8000") as browser:
        [cookie] = set_cookies(await browser.get(BEGIN))
        assert cookie.startswith("keepchat_oidc=")
        assert "secure" not in cookie.lower()


@pytest.mark.parametrize(
    ("host", "prefix", "given", "callback"),
    [
        (HOST, "", {}, f"{HOST}{BACK}"),
        (HOST, "/chat", {}, f"{HOST}/chat{BACK}"),
        ("http://localhost:8000", "", {}, f"http://localhost:8000{BACK}"),
        ("http://10.0.0.1", "/c", {"public_url": HOST}, f"{HOST}/c{BACK}"),
    ],
)
async def test_the_provider_sends_people_back_to_where_browsers_see_us(
    server: ScriptedProvider,
    opened: OpenProgram,
    host: str,
    prefix: str,
    given: dict[str, str],
    callback: str,
) -> None:
    program = await opened(prefix, **given)
    async with program.browser(host) as browser:
        asked = await program.begin(browser)
        assert asked["redirect_uri"] == callback
        if not given:  # such a browser has no cookie of HTTPS
            reply = await program.come_back(browser, state=asked["state"], code="code")
            assert reply.headers["location"] == f"{prefix}/{SIGNED_IN}"
            assert server.form["redirect_uri"] == callback


async def test_several_tabs_sign_in_at_once(server: ScriptedProvider, opened: OpenProgram) -> None:
    program = await opened()
    async with program.browser() as browser:
        first = await program.begin(browser)
        nonce = server.claims
        second = await program.begin(browser)
        assert refusal(await program.come_back(browser, state=second["state"], code="2")) == "/"
        server.claims = nonce
        assert refusal(await program.come_back(browser, state=first["state"], code="1")) == "/"


async def test_nobody_is_signed_in_by_the_answer_to_another_browser(
    server: ScriptedProvider,
    opened: OpenProgram,
) -> None:
    program = await opened()
    async with program.browser() as mallory, program.browser() as anna:
        hers = await program.begin(mallory)
        await program.begin(anna)
        server.claims = {"nonce": hers["nonce"]}
        link = {"state": hers["state"], "code": "code-of-mallory"}
        assert refusal(await program.come_back(anna, **link)) == "oidcExpired"
        async with program.browser() as nobody_yet:
            assert refusal(await program.come_back(nobody_yet, **link)) == "oidcExpired"
    assert "/token" not in server.asked
    assert not await program.accounts.list_accounts()


async def test_two_keys_of_a_browser_are_none(
    server: ScriptedProvider, opened: OpenProgram
) -> None:
    program = await opened()
    async with program.browser() as browser:
        asked = await program.begin(browser)
        name = "__Host-keepchat_oidc"
        twins = {"Cookie": f"{name}={browser.cookies[name]}; {name}={'a' * 43}"}
        browser.cookies.clear()
        said = {"state": asked["state"], "code": "code"}
        reply = await browser.get(BACK, params=said, headers=twins)
        assert refusal(reply) == "oidcExpired"


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ({}, "oidcFailed"),
        ({"code": ""}, "oidcFailed"),
        ({"code": "c" * 3_000}, "oidcFailed"),
        ({"code": "code", "iss": "https://evil.example"}, "oidcFailed"),
        ({"error": "access_denied"}, "oidcCancelled"),
        ({"error": "server_error", "error_description": "x\ny" * 1_000}, "oidcFailed"),
        ({"error": "access_denied", "code": "code"}, "oidcCancelled"),
    ],
)
async def test_an_answer_without_a_login_is_told(
    server: ScriptedProvider, opened: OpenProgram, said: dict[str, str], refused: str
) -> None:
    program = await opened()
    async with program.browser() as browser:
        state = (await program.begin(browser))["state"]
        assert refusal(await program.come_back(browser, state=state, **said)) == refused
        assert refusal(await program.come_back(browser, **said)) == "oidcExpired"
        assert refusal(await program.come_back(browser, state="x" + state)) == "oidcExpired"
    assert "/token" not in server.asked


async def test_a_code_that_was_used_signs_nobody_in(
    server: ScriptedProvider, opened: OpenProgram
) -> None:
    program = await opened()
    async with program.browser() as browser:
        asked = await program.begin(browser)
        said = {"state": asked["state"], "code": "code"}
        assert refusal(await program.come_back(browser, **said)) == "/"
        server.answers = {"/token": Answer(400, b'{"error": "invalid_grant"}')}
        assert refusal(await program.come_back(browser, **said)) == "oidcFailed"


async def test_an_answer_to_another_attempt_signs_nobody_in(
    server: ScriptedProvider, opened: OpenProgram
) -> None:
    program = await opened()
    async with program.browser() as browser:
        first = await program.begin(browser)
        await program.begin(browser)  # the provider names this one's nonce
        reply = await program.come_back(browser, state=first["state"], code="code")
        assert refusal(reply) == "oidcFailed"


async def test_who_is_not_to_come_in_is_told_so(
    server: ScriptedProvider, opened: OpenProgram, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    program = await opened(domains=frozenset({"example.com"}))
    async with program.browser() as browser:
        assert refusal(await program.signed_in(browser)) == "oidcNotAllowed"
    assert "OIDC_ALLOWED_DOMAINS" in caplog.text
    assert not await program.accounts.list_accounts()


async def test_a_provider_that_is_away_is_told(
    server: ScriptedProvider, opened: OpenProgram
) -> None:
    server.answers = {"/.well-known/openid-configuration": Answer(503)}
    program = await opened()
    async with program.browser() as browser:
        assert refusal(await browser.get(BEGIN)) == "oidcUnavailable"
    assert program.mode.state("0.0.0.0").status == "ok"  # noqa: S104 - of the program
    people = await program.mode.people()
    assert people.status == "failed"
    assert "503" in people.message


async def test_an_account_that_is_disabled_stays_out(
    server: ScriptedProvider, opened: OpenProgram
) -> None:
    program = await opened()
    async with program.browser() as browser:
        await program.signed_in(browser)
        [account] = await program.accounts.list_accounts()
        disabled = Account(
            key=account.key,
            identifier=account.identifier,
            changed_at=account.changed_at,
            status="disabled",
            subject=account.subject,
        )
        assert await program.accounts.save_account(disabled, replaces=account)
        assert refusal(await program.signed_in(browser)) == "oidcDisabled"


async def test_a_database_that_is_away_is_told(
    server: ScriptedProvider, opened: OpenProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_subject: tuple[str, str]) -> None:
        raise StoreUnavailable

    program = await opened()
    monkeypatch.setattr(program.accounts, "get_account_of", away)
    async with program.browser() as browser:
        assert refusal(await program.signed_in(browser)) == "oidcDatabase"


async def test_a_claim_makes_an_operator(server: ScriptedProvider, opened: OpenProgram) -> None:
    server.told |= {"groups": ["admins"]}
    program = await opened(admin_claim=("groups", "admins"))
    async with program.browser() as browser:
        await program.signed_in(browser)
        login = program.mode.sessions.tokens.read(browser.cookies["access_token"])
    assert login is not None
    assert login.metadata == {"operator": True}


async def test_who_signs_out_here_signs_out_there_where_that_is_wanted(
    server: ScriptedProvider,
    opened: OpenProgram,
) -> None:
    program = await opened(ends_at_provider=True)
    async with program.browser() as browser:
        reply = await program.signed_in(browser)
        [hint] = [one for one in set_cookies(reply) if one.startswith("keepchat_oidc_hint=")]
        assert f"Path={OUT}" in hint
        assert "HttpOnly" in hint
        login = program.mode.sessions.tokens.read(browser.cookies["access_token"])
        assert login
        assert program.mode.farewell(login) == OUT
        foreign = await browser.get(OUT, headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.headers["location"] == "/login"
        reply = await browser.get(OUT, headers={"Sec-Fetch-Site": "same-origin"})
        url = urlsplit(reply.headers["location"])
        assert url.path == "/end"
        said = parse_qs(url.query)
        assert said["post_logout_redirect_uri"] == [f"{HOST}/login"]
        assert hint.startswith(f"keepchat_oidc_hint={said['id_token_hint'][0]};")
        reply = await browser.get(OUT, headers={"Sec-Fetch-Site": "same-origin"})
        assert "id_token_hint" not in reply.headers["location"]


async def test_who_signs_out_stays_signed_in_there_otherwise(
    server: ScriptedProvider, opened: OpenProgram
) -> None:
    program = await opened()
    async with program.browser() as browser:
        reply = await program.signed_in(browser)
        assert not any(one.startswith("keepchat_oidc_hint") for one in set_cookies(reply))
        login = program.mode.sessions.tokens.read(browser.cookies["access_token"])
        assert login
        assert program.mode.farewell(login) is None
        assert refusal(await browser.get(OUT)) == ""


async def test_a_long_id_token_is_not_kept(server: ScriptedProvider, opened: OpenProgram) -> None:
    program = await opened(ends_at_provider=True)
    async with program.browser() as browser:
        asked = await program.begin(browser)
        server.claims |= {"groups": ["a group with a long name"] * 200}
        reply = await program.come_back(browser, state=asked["state"], code="code")
        assert reply.headers["location"] == f"/{SIGNED_IN}"
        assert "keepchat_oidc_hint" not in browser.cookies
        reply = await browser.get(OUT)
        assert urlsplit(reply.headers["location"]).path == "/end"
