"""What is asked of a provider, and what of its answers is believed."""

import base64
import gzip
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from access.login.modes.oidc import http
from access.login.modes.oidc.attempt import Attempt
from access.login.modes.oidc.errors import LoginRefused, Refusal
from access.login.modes.oidc.options import OidcOptions
from access.login.modes.oidc.provider import Provider
from tests.support.servers.scripted_provider import (
    CLIENT,
    Answer,
    ScriptedProvider,
    key,
    running_provider,
)

ATTEMPT = Attempt("state", "nonce", "verifier" * 6)
BACK = "https://chat.example.org/auth/oauth/oidc/callback"
WELL_KNOWN = "/.well-known/openid-configuration"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedProvider]:
    """A provider that somebody has signed in at."""
    async with running_provider() as running:
        running.claims = {"nonce": ATTEMPT.nonce}
        yield running


def provider_at(server: ScriptedProvider, **given: Any) -> Provider:
    """The provider as the program knows it."""
    issuer = {"issuer": server.url, "client_id": CLIENT[0], "client_secret": CLIENT[1]}
    return Provider(OidcOptions(**(issuer | given)))


async def refusal(provider: Provider) -> tuple[Refusal, str]:
    """What comes of a login that is refused."""
    with pytest.raises(LoginRefused) as caught:
        await provider.signed_in("code", ATTEMPT, BACK)
    return caught.value.refusal, str(caught.value)


async def test_the_way_to_the_provider_says_who_asks_for_what(server: ScriptedProvider) -> None:
    url = urlsplit(await provider_at(server).login_url(ATTEMPT, BACK))
    assert url.path == "/authorize"
    assert {name: value for name, [value] in parse_qs(url.query).items()} == {
        "tenant": "1",
        "response_type": "code",
        "client_id": "keepchat",
        "redirect_uri": BACK,
        "scope": "openid profile email",
        "state": "state",
        "nonce": "nonce",
        "code_challenge": "BmQPfphfkBl-Xt_mTRGPP28dzTg-_OUe_yFH4-kbV5s",
        "code_challenge_method": "S256",
    }
    assert server.asked == [WELL_KNOWN, "/keys"]


async def test_who_has_signed_in_is_asked_with_code_and_verifier(server: ScriptedProvider) -> None:
    server.told = {"groups": ["chat"], "iss": "https://evil.example", "nonce": "x"}
    provider = provider_at(server, groups=frozenset({"chat"}))
    signed_in = await provider.signed_in("code", ATTEMPT, BACK)
    assert signed_in.claims["iss"] == server.url
    assert (signed_in.claims["name"], signed_in.claims["groups"]) == ("Anna", ["chat"])
    assert server.form == {
        "grant_type": "authorization_code",
        "code": "code",
        "code_verifier": ATTEMPT.verifier,
        "redirect_uri": BACK,
    }
    encoded = "keepchat:a+secret%3A+with+%2B%2C+%25+and+~"
    assert base64.b64decode(server.proof.removeprefix("Basic ")).decode() == encoded


async def test_the_secret_goes_where_the_provider_takes_it(server: ScriptedProvider) -> None:
    server.about = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    await provider_at(server).signed_in("code", ATTEMPT, BACK)
    assert (server.form["client_id"], server.form["client_secret"]) == CLIENT
    assert not server.proof
    server.about = {}
    await provider_at(server, client_secret="").signed_in("code", ATTEMPT, BACK)
    assert server.form["client_id"] == CLIENT[0]
    assert "client_secret" not in server.form
    assert not server.proof


async def test_what_the_id_token_says_is_not_asked_again(server: ScriptedProvider) -> None:
    server.claims |= {"name": "Anna", "email": "a@b.org", "email_verified": True}
    await provider_at(server).signed_in("code", ATTEMPT, BACK)
    assert "/me" not in server.asked


async def test_what_it_says_of_itself_is_asked_once(server: ScriptedProvider) -> None:
    provider = provider_at(server)
    await provider.login_url(ATTEMPT, BACK)
    await provider.signed_in("code", ATTEMPT, BACK)
    assert server.asked == [WELL_KNOWN, "/keys", "/token", "/me"]


async def test_new_keys_are_found_when_a_token_is_signed_with_one(
    server: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = provider_at(server)
    await provider.signed_in("code", ATTEMPT, BACK)
    server.key = key("second")
    server.published = [server.key]
    assert (await refusal(provider))[0] is Refusal.FAILED  # it has just been asked
    assert server.asked.count("/keys") == 1
    monkeypatch.setattr("access.login.modes.oidc.discovery.PAUSE_S", 0.0)
    await provider.signed_in("code", ATTEMPT, BACK)
    assert server.asked.count("/keys") == 2
    server.key = key("third")
    assert "does not name" in (await refusal(provider))[1]


async def test_what_it_says_of_itself_is_asked_again_after_a_while(
    server: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = provider_at(server)
    await provider.about()
    monkeypatch.setattr("access.login.modes.oidc.discovery.FRESH_S", -1.0)
    await provider.about()
    assert server.asked.count(WELL_KNOWN) == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"claims": {"nonce": "another"}}, "nonce"),
        ({"claims": {}}, "nonce"),
        ({"claims": {"nonce": "nonce", "iss": "https://evil.example"}}, "iss"),
        ({"claims": {"nonce": "nonce", "aud": "another"}}, "aud"),
        ({"tokens": {"id_token": None}}, "no ID token"),
        ({"tokens": {"access_token": 5}}, "no ID token"),
        ({"told": {"sub": "2"}}, "somebody else"),
        ({"about": {"issuer": "https://evil.example"}}, "calls itself https://evil.example"),
        ({"about": {"id_token_signing_alg_values_supported": ["ES256"]}}, "not to be believed"),
        ({"answers": {"/token": Answer(400, b'{"error": "invalid_grant"}')}}, "invalid_grant"),
    ],
)
async def test_what_is_not_believed(
    server: ScriptedProvider, changes: dict[str, Any], says: str
) -> None:
    for name, value in changes.items():
        setattr(server, name, value)
    refused_as, why = await refusal(provider_at(server))
    assert refused_as is Refusal.FAILED
    assert says in why
    assert CLIENT[1] not in why


HUGE = Answer(200, f'"{"x" * http.MAX_BYTES}"'.encode())
PACKED = Answer(200, gzip.compress(b"{}"), {"Content-Encoding": "gzip"})
ELSEWHERE = Answer(302, headers={"Location": "http://127.0.0.1:9/"})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"answers": {WELL_KNOWN: HUGE}}, "more than 524288 bytes"),
        ({"answers": {"/token": HUGE}}, "more than 524288 bytes"),
        ({"answers": {"/me": PACKED}}, "compressed"),
        ({"answers": {WELL_KNOWN: ELSEWHERE}}, "OIDC_ISSUER"),
        ({"answers": {"/keys": ELSEWHERE}}, "redirects"),
        ({"answers": {"/keys": Answer(200, b"{}")}}, "keys"),
        ({"answers": {"/keys": Answer(200, b"<html>")}}, "malformed"),
        ({"answers": {"/token": Answer(200, b"<html>")}}, "not a JSON object"),
        ({"answers": {"/token": Answer(502)}}, "502"),
        ({"answers": {WELL_KNOWN: Answer(404)}}, "404"),
        ({"about": {"jwks_uri": "http://evil.example/keys"}}, "no address with https"),
        ({"about": {"token_endpoint": "file:///etc/passwd"}}, "no address with https"),
        ({"about": {"end_session_endpoint": "javascript:alert(1)"}}, "no address with https"),
        ({"about": {"authorization_endpoint": "https:///"}}, "no address with https"),
        ({"about": {"token_endpoint": None}}, "token_endpoint"),
    ],
)
async def test_who_does_not_answer_as_a_provider_is_unavailable(
    server: ScriptedProvider, changes: dict[str, Any], says: str
) -> None:
    for name, value in changes.items():
        setattr(server, name, value)
    refused_as, why = await refusal(provider_at(server))
    assert refused_as is Refusal.UNAVAILABLE
    assert says in why


async def test_a_slow_provider_is_given_up(
    server: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "WHOLE_S", 0.3)
    server.is_slow = True
    assert (await refusal(provider_at(server)))[0] is Refusal.UNAVAILABLE


async def test_a_provider_that_comes_back_is_asked_again(server: ScriptedProvider) -> None:
    server.answers = {WELL_KNOWN: Answer(503)}
    provider = provider_at(server)
    assert (await refusal(provider))[0] is Refusal.UNAVAILABLE
    server.answers = {}
    assert (await provider.signed_in("code", ATTEMPT, BACK)).claims["sub"] == "1"


async def test_a_slash_at_the_end_of_the_issuer_matters_not(server: ScriptedProvider) -> None:
    provider = provider_at(server, issuer=f"{server.url}/")
    assert (await provider.signed_in("code", ATTEMPT, BACK)).claims["iss"] == server.url


async def test_the_way_out_says_who_leaves_and_where_to(server: ScriptedProvider) -> None:
    url = await provider_at(server).logout_url("a.b.c", "https://chat.example.org/login")
    assert url
    assert parse_qs(urlsplit(url).query) == {
        "client_id": ["keepchat"],
        "post_logout_redirect_uri": ["https://chat.example.org/login"],
        "id_token_hint": ["a.b.c"],
    }
    server.about = {"end_session_endpoint": None}
    assert await provider_at(server).logout_url("a.b.c", "https://chat.example.org/login") is None
