"""AUTH_MODE=password: the login page's route, and what slows guessing, as people meet it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from access.login.addresses import client_address
from access.login.door import Door
from access.login.guessing.throttle import PAIR, TooManyAttempts
from access.login.modes import password as password_mode
from access.login.modes.password import PasswordLogin
from access.login.sessions import Refused
from datalayer.stores.accounts import AccountStore
from datalayer.stores.memory import MemoryStore
from routes.limits import too_many_attempts
from routes.middleware.reader import Reader
from tests.support.logins import account, sessions_of, started

PASSWORD = "correct horse"
WIDE = "\uff41\uff4e\uff4e\uff41"  # as a Japanese keyboard writes it


@pytest_asyncio.fixture
async def accounts() -> AccountStore:
    accounts = MemoryStore().accounts
    for name in ("anna", "Bob"):
        await accounts.save_account(account(name, PASSWORD), replaces=None)
    return accounts


@pytest_asyncio.fixture
async def mode(accounts: AccountStore) -> PasswordLogin:
    return PasswordLogin(await started(sessions_of("password", accounts)), accounts)


@pytest.fixture
def app(mode: PasswordLogin) -> FastAPI:
    app = FastAPI()
    app.add_middleware(Reader)
    app.include_router(mode.router("/chat"))
    app.add_middleware(Door, mode=mode)
    app.add_exception_handler(TooManyAttempts, too_many_attempts)
    return app


def browser(app: FastAPI, address: str = "10.0.0.1") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app, client=(address, 5_000))
    return httpx2.AsyncClient(transport=transport, base_url="http://testserver/chat")


@pytest_asyncio.fixture
async def page(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(app) as client:
        yield client


async def sign_in(
    client: httpx2.AsyncClient, name: str = "anna", password: str = PASSWORD, **headers: str
) -> httpx2.Response:
    given = {"username": name, "password": password}
    return await client.post("/login", data=given, headers=headers)


async def status(*args: Any, **kwargs: Any) -> int:
    return (await sign_in(*args, **kwargs)).status_code


async def test_who_knows_the_password_gets_a_session(
    page: httpx2.AsyncClient, mode: PasswordLogin
) -> None:
    reply = await sign_in(page, " ANNA", **{"User-Agent": "Firefox"})
    assert reply.json() == {"success": True}
    login = mode.sessions.judge(page.cookies["access_token"])
    assert login
    assert login.identifier == "anna"
    [session] = await mode.sessions.of("anna")
    assert (session.id, session.client, session.address) == (
        login.session_id,
        "Firefox",
        "10.0.0.1",
    )


@pytest.mark.parametrize(
    ("name", "given"),
    [("anna", "wrong horse"), ("nobody", PASSWORD), ("anna" + " " * 61, PASSWORD), ("", PASSWORD)],
)
async def test_who_does_not_gets_none(page: httpx2.AsyncClient, name: str, given: str) -> None:
    reply = await sign_in(page, name, given)
    assert reply.status_code in ((401, 422) if name == "" else (401,))
    assert "set-cookie" not in reply.headers


async def test_a_closed_account_is_as_none(
    page: httpx2.AsyncClient, accounts: AccountStore, mode: PasswordLogin
) -> None:
    assert (await mode.people()).message == "2 can sign in with a password"
    known = await accounts.get_account("anna")
    assert known
    for changed in (replace(known, status="disabled"), replace(known, password_hash=None)):
        await accounts.save_account(changed, replaces=await accounts.get_account("anna"))
        assert await status(page) == 401
    assert (await mode.people()).message == "1 can sign in with a password"


async def test_signing_in_again_ends_the_session_before(
    page: httpx2.AsyncClient, mode: PasswordLogin
) -> None:
    await sign_in(page)
    first = page.cookies["access_token"]
    await sign_in(page)
    assert not mode.sessions.honours(first)
    assert len(await mode.sessions.of("anna")) == 1


async def test_wrong_ones_at_once_do_not_keep_the_right_one_out(
    app: FastAPI, page: httpx2.AsyncClient
) -> None:
    wrong = [asyncio.create_task(status(page, "anna", f"wrong {it}")) for it in range(8)]
    await asyncio.sleep(0)
    async with browser(app) as hers:
        assert await status(hers) == 200
    assert set(await asyncio.gather(*wrong)) == {401}


async def test_too_many_are_told_when_to_come_back(page: httpx2.AsyncClient) -> None:
    for number in range(PAIR.burst):
        assert await status(page, ("anna", "ANNA", WIDE)[number % 3], "wrong") == 401
    reply = await sign_in(page, **{"Accept-Language": "en"})
    assert reply.status_code == 429
    assert 0 < int(reply.headers["retry-after"]) <= PAIR.every_s
    assert reply.json()["detail"].startswith("Too many attempts to sign in have failed. Try again")
    assert "登录" in (await sign_in(page, **{"Accept-Language": "zh-CN"})).json()["detail"]


async def test_a_browser_that_was_here_before_comes_in_all_the_same(app: FastAPI) -> None:
    async with browser(app) as hers, browser(app) as theirs:
        reply = await sign_in(hers)
        device = next(
            it for it in reply.headers.get_list("set-cookie") if it.startswith("keepchat_device_")
        )
        assert "Path=/chat/login" in device
        assert "HttpOnly" in device
        for _ in range(PAIR.burst):
            await sign_in(theirs, "anna", "wrong")
            await sign_in(theirs, "nobody", "wrong")
        assert await status(theirs) == 429
        assert await status(hers) == 200
        assert await status(hers, "bob") == 429  # for her own name alone
        for name, value in hers.cookies.items():
            if name.startswith("keepchat_device_"):
                theirs.cookies.set(name, value[:-4] + "AAAA", path="/chat/login")
        assert await status(theirs) == 429  # forged


@pytest.mark.slow
async def test_names_that_are_made_up_starve_nobody(
    app: FastAPI, mode: PasswordLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, and from however many addresses; they do not even begin."""
    monkeypatch.setattr("access.login.guessing.turns.LONGEST_WAIT_S", 100.0)  # nobody gives up
    held = asyncio.Event()
    begun: list[str | None] = []

    async def run(_function: Any, _password: str, password_hash: str | None) -> bool:
        begun.append(password_hash)
        if password_hash is None:
            await held.wait()
        return bool(password_hash)

    monkeypatch.setattr(mode._hashing, "run", run)
    flood = [
        asyncio.create_task(_attempt(mode, f"name {number}", f"10.1.{number}.1"))
        for number in range(300)
    ]
    await asyncio.sleep(0)
    async with browser(app) as hers:
        assert await status(hers) == 200
    assert begun.count(None) == password_mode.MADE_UP_AT_ONCE
    held.set()
    refused = [it for it in await asyncio.gather(*flood) if it is TooManyAttempts]
    assert len(refused) == 300 - password_mode.MADE_UP_AT_ONCE - password_mode.MOST_WAITING // 4


async def _attempt(mode: PasswordLogin, name: str, address: str) -> type[Exception]:
    try:
        await mode.authenticate(name, "wrong", address)
    except (Refused, TooManyAttempts) as exc:
        return type(exc)
    pytest.fail("a made-up name has signed in")


async def test_names_that_there_are_look_like_made_up_ones_while_many_are_tried(
    mode: PasswordLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a flood of one's own would tell which names there are."""
    monkeypatch.setattr(mode._made_up, "_free", 0)
    monkeypatch.setattr(mode._made_up, "_most", 0)
    for name in ("anna", "nobody"):
        assert await _attempt(mode, name, "10.0.0.1") is TooManyAttempts
    assert (await mode.authenticate("anna", PASSWORD)).identifier == "anna"


async def test_a_password_that_changes_meanwhile_lets_nobody_in(
    page: httpx2.AsyncClient, accounts: AccountStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = accounts.begin_session

    async def late(*given: Any) -> bool:
        known = await accounts.get_account("anna")
        assert known
        await accounts.save_account(replace(known, changed_at="later"), replaces=known)
        return await begin(*given)

    monkeypatch.setattr(accounts, "begin_session", late)
    assert await status(page) == 401


async def test_attempts_are_lines_of_the_log_without_passwords(
    page: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "keepchat.login"):
        await sign_in(page, "anna\nERROR", "wrong secret")
        await sign_in(page)
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == ("failed login: who 'anna\\nERROR', address '10.0.0.1', mode 'password'")
    assert told[1].startswith("signed in: who 'anna', address '10.0.0.1', mode 'password', session")
    assert PASSWORD not in caplog.text
    assert "wrong secret" not in caplog.text


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("a-socket", "a-socket"),
    ],
)
def test_an_address_of_ipv6_is_its_network(address: str, key: str) -> None:
    assert client_address({"type": "http", "client": (address, 1)}) == key


async def test_a_person_changes_their_password(
    page: httpx2.AsyncClient, app: FastAPI, mode: PasswordLogin
) -> None:
    await sign_in(page)
    login = mode.sessions.judge(page.cookies["access_token"])
    assert login
    async with browser(app) as other:
        await sign_in(other)
        with pytest.raises(Refused):
            await mode.change_password(login, "wrong", "brand new horse")
        await mode.change_password(login, PASSWORD, "brand new horse")
        await mode.sessions._poll()
        assert mode.sessions.honours(login.token)
        assert not mode.sessions.honours(other.cookies["access_token"])
        assert await status(other) == 401
        assert await status(other, "anna", "brand new horse") == 200


async def test_a_stolen_session_does_not_guess_the_password_for_ever(
    page: httpx2.AsyncClient, mode: PasswordLogin
) -> None:
    await sign_in(page)
    login = mode.sessions.judge(page.cookies["access_token"])
    assert login
    refusals = []
    for _ in range(PAIR.burst * 2):
        try:
            await mode.change_password(login, "wrong", "brand new horse")
        except (Refused, TooManyAttempts) as exc:
            refusals.append(type(exc))
    assert set(refusals[: PAIR.burst]) == {Refused}
    assert refusals[-1] is TooManyAttempts
