"""What a person sees of their sessions, and may do with them and with their password."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from chainlit.user import User
from fastapi import FastAPI

from access.login.door import Door
from access.login.local_secret import LocalSecret
from access.login.modes.local import LocalLogin
from access.login.modes.password import PasswordLogin
from access.login.tokens import Login
from datalayer.stores.memory import MemoryStore
from routes.account import account_router
from routes.login import login_router
from routes.middleware.reader import Reader
from tests.support.logins import account, sessions_of, started

PASSWORD = "correct horse"

SECRET = LocalSecret(Path("never made"))


@pytest_asyncio.fixture
async def mode() -> PasswordLogin:
    accounts = MemoryStore().accounts
    await accounts.save_account(account("anna", PASSWORD), replaces=None)
    return PasswordLogin(await started(sessions_of("password", accounts)), accounts)


@pytest_asyncio.fixture
async def login(mode: PasswordLogin) -> Login:
    return await mode.sessions.begin(User(identifier="anna"), client="Firefox", address="10.0.0.1")


def client_of(mode: Any, login: Login | None) -> httpx2.AsyncClient:
    app = FastAPI()
    app.include_router(account_router(mode, "/chat"))
    app.include_router(login_router(mode, "/chat"))
    app.add_middleware(Door, mode=mode)
    app.add_middleware(Reader)
    headers = {"Cookie": f"access_token={login.token}"} if login else {}
    transport = httpx2.ASGITransport(app=app)
    base = "http://testserver/chat/keepchat"
    return httpx2.AsyncClient(transport=transport, base_url=base, headers=headers)


async def test_a_person_is_called_as_they_are_called(mode: PasswordLogin) -> None:
    login = await mode.sessions.begin(User(identifier="oidc:1", display_name="Anna Alder"))
    async with client_of(mode, login) as client:
        assert (await client.get("/account")).json()["name"] == "Anna Alder"


async def test_a_person_sees_where_they_are_signed_in(mode: PasswordLogin, login: Login) -> None:
    await mode.sessions.begin(User(identifier="bob"))
    other = await mode.sessions.begin(User(identifier="anna"))
    async with client_of(mode, login) as client:
        told = (await client.get("/account")).json()
    assert (told["name"], told["password"]) == ("anna", True)
    assert {(it["id"], it["isThis"]) for it in told["sessions"]} == {
        (login.session_id, True),
        (other.session_id, False),
    }
    assert ("Firefox", "10.0.0.1") in {(it["client"], it["address"]) for it in told["sessions"]}


async def test_one_other_ends(mode: PasswordLogin, login: Login) -> None:
    other = await mode.sessions.begin(User(identifier="anna"))
    async with client_of(mode, login) as client:
        assert (await client.delete(f"/account/sessions/{other.session_id}")).status_code == 200
        assert (await client.delete(f"/account/sessions/{other.session_id}")).status_code == 404
    assert mode.sessions.honours(login.token)
    assert not mode.sessions.honours(other.token)


async def test_another_persons_does_not(mode: PasswordLogin, login: Login) -> None:
    bob = await mode.sessions.begin(User(identifier="bob"))
    async with client_of(mode, login) as client:
        assert (await client.delete(f"/account/sessions/{bob.session_id}")).status_code == 404
        assert (await client.delete("/account/sessions")).json() == {"ended": 0}
    assert mode.sessions.honours(bob.token)


async def test_all_others_end(mode: PasswordLogin, login: Login) -> None:
    others = [await mode.sessions.begin(User(identifier="anna")) for _ in range(3)]
    async with client_of(mode, login) as client:
        assert (await client.delete("/account/sessions")).json() == {"ended": 3}
    assert [mode.sessions.honours(it.token) for it in (login, *others)] == [True] + [False] * 3


async def test_ones_own_ends_and_leaves_the_browser(mode: PasswordLogin, login: Login) -> None:
    async with client_of(mode, login) as client:
        reply = await client.delete(f"/account/sessions/{login.session_id}")
    assert "Max-Age=0" in reply.headers["set-cookie"]
    assert not mode.sessions.honours(login.token)


@pytest.mark.parametrize("is_dead", [True, False])
async def test_nobody_else_sees_or_changes_anything(
    mode: PasswordLogin, login: Login, *, is_dead: bool
) -> None:
    if is_dead:
        await mode.sessions.leave(login)
    password = {"current": PASSWORD, "new": "brand new horse"}
    async with client_of(mode, login if is_dead else None) as client:
        for reply in (
            await client.get("/account"),
            await client.delete("/account/sessions"),
            await client.delete(f"/account/sessions/{login.session_id}"),
            await client.put("/account/password", json=password),
        ):
            assert reply.status_code == 401


@pytest.mark.parametrize(
    ("current", "new", "status", "sentence"),
    [
        (PASSWORD, "brand new horse", 200, None),
        ("wrong", "brand new horse", 403, "not the password that you have"),
        (PASSWORD, "short", 422, "8 to 1024"),
        (PASSWORD, "password1", 422, "first that are tried"),
        (PASSWORD, "x" * 2_001, 422, ""),
    ],
)
async def test_a_password_is_changed_by_who_knows_it(
    mode: PasswordLogin, login: Login, current: str, new: str, status: int, sentence: str | None
) -> None:
    async with client_of(mode, login) as client:
        reply = await client.put("/account/password", json={"current": current, "new": new})
    assert reply.status_code == status
    if sentence is not None:
        assert sentence in str(reply.json()["detail"])
    assert bool(await is_right(mode, new)) is (status == 200)


async def test_what_is_wrong_is_said_in_the_readers_language(
    mode: PasswordLogin, login: Login
) -> None:
    async with client_of(mode, login) as client:
        client.headers["Accept-Language"] = "zh-CN"
        given = {"current": PASSWORD, "new": "password1"}
        assert "密码" in (await client.put("/account/password", json=given)).json()["detail"]
        given = {"current": "wrong", "new": "brand new horse"}
        assert "密码" in (await client.put("/account/password", json=given)).json()["detail"]


async def is_right(mode: PasswordLogin, password: str) -> bool:
    try:
        await mode.authenticate("anna", password)
    except Exception as exc:
        if type(exc).__name__ != "Refused":
            raise
        return False
    return True


async def test_where_there_are_no_passwords_none_is_changed() -> None:
    mode = LocalLogin(sessions_of("local", personal=True), SECRET)
    login = await mode.sessions.begin(User(identifier="local"))
    async with client_of(mode, login) as client:
        client.headers["Host"] = "localhost"
        reply = await client.put("/account/password", json={"current": "a", "new": "b"})
        assert reply.status_code == 404


async def test_a_logout_ends_the_session(mode: PasswordLogin, login: Login) -> None:
    async with client_of(mode, login) as client:
        reply = await client.post("http://testserver/chat/logout")
        assert reply.json() == {"success": True}
        assert "Max-Age=0" in reply.headers["set-cookie"]
        assert (await client.get("/account")).status_code == 401
        again = await client.post("http://testserver/chat/logout")
        assert again.json() == {"success": True}
        assert "access_token" in again.headers["set-cookie"]
    assert await mode.sessions.of("anna") == []


async def test_nothing_renews_a_token(mode: PasswordLogin, login: Login) -> None:
    async with client_of(mode, login) as client:
        reply = await client.post("http://testserver/chat/auth/jwt")
        assert reply.status_code == 404
        assert "set-cookie" not in reply.headers
