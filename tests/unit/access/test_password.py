"""AUTH_MODE=password: which logins count, and how guessing is slowed down."""

import asyncio
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import jwt
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from access.login import accounts, throttle
from access.login.accounts import UsersFile
from access.login.password import PasswordLogin
from access.login.throttle import Throttle, TooManyAttempts

SECRET = "s" * 48
PASSWORD = "correct horse"
WIDE = "\uff41\uff4e\uff4e\uff41"  # as a Japanese keyboard writes it
ANNA, BOB = ("anna", "10.0.0.1"), ("bob", "10.0.0.1")


class AnHourAgo(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "AnHourAgo":
        return cls.fromtimestamp(time.time() - 3600, tz)


async def who(request: Request) -> JSONResponse:
    seen = {name: request.headers.get(name) for name in ("cookie", "authorization", "accept")}
    return JSONResponse(seen)


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UsersFile:
    users = UsersFile(tmp_path / "users.json")
    monkeypatch.setattr(accounts, "datetime", AnHourAgo)
    users.add("anna", PASSWORD)
    monkeypatch.undo()
    return users


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, users: UsersFile) -> TestClient:
    monkeypatch.setenv("CHAINLIT_AUTH_SECRET", SECRET)
    return TestClient(PasswordLogin(users).guard(Starlette(routes=[Route("/", who)])))


def token(name: str = "anna", secret: str = SECRET, **changed: object) -> str:
    now = datetime.now(UTC)
    login = {"identifier": name, "metadata": {}, "iat": now, "exp": now + timedelta(days=15)}
    return jwt.encode({**login, **changed}, secret, algorithm="HS256")


def is_signed_in(client: TestClient, token: str) -> bool:
    by_cookie = client.get("/", headers={"cookie": f"a=b; access_token={token}"}).json()
    by_header = client.get("/", headers={"authorization": f"Bearer {token}"}).json()
    assert bool(by_cookie["cookie"]) == bool(by_header["authorization"])
    return bool(by_cookie["cookie"])


def test_a_login_counts_while_its_account_is_there(client: TestClient, users: UsersFile) -> None:
    login = token()
    assert is_signed_in(client, login)
    users.remove("anna")
    assert not is_signed_in(client, login)


def test_a_new_password_voids_older_logins(client: TestClient, users: UsersFile) -> None:
    login = token()
    assert is_signed_in(client, login)
    users.set_password("anna", "another horse")
    assert not is_signed_in(client, login)


def test_a_forged_or_foreign_login_does_not_count(client: TestClient) -> None:
    assert not is_signed_in(client, "nonsense")
    assert not is_signed_in(client, token(secret="x" * 48))
    assert not is_signed_in(client, token("bob"))
    assert not is_signed_in(client, token(exp=datetime.now(UTC) - timedelta(seconds=1)))


def test_of_two_logins_the_cookie_counts(client: TestClient) -> None:
    cookie, other = f"access_token={token()}", f"Bearer {token('bob')}"
    seen = client.get("/", headers={"cookie": cookie, "authorization": other}).json()
    assert seen == {"cookie": cookie, "authorization": None, "accept": "*/*"}
    headers = {"cookie": "access_token=dead", "authorization": f"Bearer {token()}"}
    assert not any(
        client.get("/", headers=headers).json()[it] for it in ("cookie", "authorization")
    )


def test_a_request_without_login_passes(client: TestClient) -> None:
    seen = client.get("/", headers={"cookie": "a=b", "accept": "text/html"}).json()
    assert seen == {"cookie": "a=b", "authorization": None, "accept": "text/html"}


async def test_the_login_page_is_answered(users: UsersFile) -> None:
    login = PasswordLogin(users)
    found = await login.authenticate("Anna", PASSWORD)
    assert found is not None
    assert found.name == "anna"
    assert found.honours(int(time.time()))
    assert await login.authenticate("anna", "wrong horse") is None
    assert await login.authenticate("nobody", PASSWORD) is None


def page_of(login: PasswordLogin, address: str) -> TestClient:
    """Return a login page that is asked from an address."""

    async def sign_in(request: Request) -> JSONResponse:
        asked = request.query_params
        return JSONResponse(await login.authenticate(asked["name"], asked["password"]) is not None)

    app = login.guard(Starlette(routes=[Route("/", sign_in)]))
    return TestClient(app, client=(address, 50_000))


def failures(login: PasswordLogin) -> dict[throttle.Key, int]:
    return {key: each.failures for key, each in login._throttle._histories.items()}


async def test_a_name_is_counted_however_it_is_written(users: UsersFile) -> None:
    login = PasswordLogin(users)
    for name in ("anna", "ANNA ", f"\t{WIDE}"):
        assert await login.authenticate(name, "wrong horse") is None
    assert failures(login) == {("anna", ""): 3}


async def test_a_name_that_is_too_long_is_a_wrong_one_and_not_remembered(users: UsersFile) -> None:
    login = PasswordLogin(users)
    assert await login.authenticate("anna" + " " * 61, PASSWORD) is None
    assert failures(login) == {}


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("a-socket", "a-socket"),
    ],
)
def test_failures_belong_to_an_address(users: UsersFile, address: str, key: str) -> None:
    login = PasswordLogin(users)
    assert not page_of(login, address).get("/?name=anna&password=wrong").json()
    assert failures(login) == {("anna", key): 1}


def test_a_stranger_does_not_keep_anybody_out(users: UsersFile) -> None:
    login = PasswordLogin(users)
    stranger, owner = (page_of(login, one) for one in ("10.0.0.1", "10.0.0.2"))
    right = f"/?name=anna&password={PASSWORD}"
    login._throttle._histories[("anna", "10.0.0.1")] = throttle._History(
        waiting=throttle.MAX_WAITING
    )
    assert not stranger.get(right).json()
    assert owner.get(right).json()


async def test_failures_make_the_next_attempt_wait_longer_and_success_ends_it() -> None:
    now = time.monotonic()
    door = Throttle(clock=lambda: now)
    waits = []
    for _ in range(4):
        waits.append(door.wait_s(ANNA))
        now += waits[-1]
        async with door.turn(ANNA) as attempt:
            attempt.failed = True
    assert waits == [0, 0, 0, 1]
    assert door.wait_s(ANNA) == 2
    assert door.wait_s(BOB) == 0
    now += 2
    async with door.turn(ANNA) as attempt:
        attempt.failed = False
    assert door.wait_s(ANNA) == 0


async def test_a_wait_has_an_end_and_old_failures_are_forgotten() -> None:
    now = 1_000.0
    door = Throttle(clock=lambda: now)
    for _ in range(20):
        async with door.turn(ANNA) as attempt:
            attempt.failed = True
        now += throttle.LONGEST_WAIT_S
    now -= throttle.LONGEST_WAIT_S
    assert door.wait_s(ANNA) == throttle.LONGEST_WAIT_S
    now += throttle.FORGOTTEN_AFTER_S + 1
    async with door.turn(ANNA) as attempt:
        attempt.failed = True
    assert door.wait_s(ANNA) == 0


async def test_attempts_for_a_name_come_one_at_a_time_and_not_too_many() -> None:
    door = Throttle()
    begun = asyncio.Event()
    end = asyncio.Event()

    async def one_attempt() -> None:
        async with door.turn(ANNA):
            begun.set()
            await end.wait()

    attempts = [asyncio.create_task(one_attempt()) for _ in range(throttle.MAX_WAITING)]
    await begun.wait()
    with pytest.raises(TooManyAttempts):
        async with door.turn(ANNA):
            pass
    async with door.turn(BOB):
        pass
    end.set()
    await asyncio.gather(*attempts)
    async with door.turn(ANNA):
        pass


async def test_the_keys_that_are_remembered_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MAX_KEYS", 2)
    door = Throttle()
    for name in "abc":
        async with door.turn((name, "")):
            pass
    assert list(door._histories) == [("b", ""), ("c", "")]
