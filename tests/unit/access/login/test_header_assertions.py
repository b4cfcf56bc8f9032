"""A signed assertion of the proxy: what is believed, and what is not."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from access.login.modes.header import keys as published
from access.login.modes.header.assertions import LEEWAY_S, Assertions
from access.login.modes.header.errors import KeysUnavailable, NotByProxy
from access.login.modes.header.keys import MAX_BYTES, fetched
from access.login.modes.header.options import HeaderOptions, assertion_options
from access.login.modes.header.proxy import Proxy
from tests.support.servers.scripted_provider import key as key_named

ISSUER, AUDIENCE = "https://team.example.org", "chat"
SIGNER = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/chat/1"
KEY = key_named("one")
OTHER = key_named("two")
ALB_KEY = ECKey.generate_key("P-256")


@dataclass
class Publisher:
    """A place where keys are; `asked` has the paths that were asked."""

    url: str = ""
    keys: list[RSAKey] = field(default_factory=lambda: [KEY])
    body: bytes | None = None
    status: int = 200
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        body = self.body
        if body is None and request.path == "/certs":
            body = json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()
        return web.Response(body=body or ALB_KEY.as_pem(private=False), status=self.status)


@asynccontextmanager
async def running() -> AsyncIterator[Publisher]:
    publisher = Publisher()
    app = web.Application()
    app.router.add_get("/{path:.*}", publisher.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    publisher.url = f"http://{host}:{port}"
    try:
        yield publisher
    finally:
        await runner.cleanup()


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with running() as found:
        yield found


@pytest.fixture
def assertions(publisher: Publisher) -> Assertions:
    options = assertion_options(
        "jwt",
        header="X-Assertion",
        issuer=ISSUER,
        audience=AUDIENCE,
        keys_url=f"{publisher.url}/certs",
    )
    return Assertions(options)


def signed(
    key: Any = KEY, algorithm: str = "RS256", header: dict[str, Any] | None = None, **changed: Any
) -> str:
    claims = {
        "iss": ISSUER,
        "aud": [AUDIENCE],
        "exp": int(time.time()) + 300,
        "email": "alice@example.org",
    }
    claims = {name: value for name, value in {**claims, **changed}.items() if value is not None}
    given = {"alg": algorithm, "kid": key.kid or "one", **(header or {})}
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    return jwt.encode(given, claims, key, registry=registry)


def alb(key: ECKey = ALB_KEY, **changed: Any) -> str:
    """An assertion as a load balancer makes it: with padding, and what counts in its header."""
    header = {"kid": "abc-1", "signer": SIGNER, "iss": ISSUER, "exp": int(time.time()) + 100}
    return signed(key, "ES256", {**header, **changed}, iss=None, aud=None, exp=None)


async def test_what_is_signed_for_us_is_believed_and_the_keys_asked_for_once(
    assertions: Assertions, publisher: Publisher
) -> None:
    for token in (signed(), signed(), signed(aud=AUDIENCE)):
        assert (await assertions.claims(token))["email"] == "alice@example.org"
    assert publisher.asked == ["/certs"]


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example.org"},
        {"iss": None},
        {"aud": ["other"]},
        {"aud": None},
        {"exp": int(time.time()) - LEEWAY_S - 10},
        {"exp": None},
        {"exp": "tomorrow"},
        {"key": key_named("one", 1)},
        {"key": key_named("nobody's")},
    ],
    ids=[
        *("another issuer", "no issuer", "another audience", "no audience"),
        *("expired", "without an end", "an end that is none", "another key", "an unknown key"),
    ],
)
async def test_what_is_not_signed_for_us_is_not(
    assertions: Assertions, changed: dict[str, Any]
) -> None:
    with pytest.raises(NotByProxy):
        await assertions.claims(signed(**changed))


async def test_what_the_key_does_not_sign_is_not(assertions: Assertions) -> None:
    """Neither "none", nor a signature made with the public key as if it were a secret."""
    head, body, signature = signed().split(".")
    hs256 = _encoded({"alg": "HS256", "kid": "one"}) + f".{body}"
    mac = hmac.digest(KEY.as_pem(private=False), hs256.encode(), "sha256")
    none = _encoded({"alg": "none", "kid": "one"})
    other = signed(email="mallory@example.org").split(".")[1]
    forged = (
        f"{hs256}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}",
        f"{none}.{body}.",
        f"{head}.{other}.{signature}",
        f"{head}.{body}.",
        "",
        "a.b.c",
        "x" * 20_000,
        f"{head}.{body}",
    )
    for token in forged:
        with pytest.raises(NotByProxy):
            await assertions.claims(token)


async def test_an_assertion_counts_no_longer_than_it_says(
    assertions: Assertions, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed()
    await assertions.claims(token)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 300 + LEEWAY_S + 1)
    with pytest.raises(NotByProxy):
        await assertions.claims(token)


async def test_a_new_key_is_asked_for_but_not_each_time(
    assertions: Assertions, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await assertions.claims(signed())
    publisher.keys = [KEY, OTHER]
    for _ in range(3):
        with pytest.raises(NotByProxy):
            await assertions.claims(signed(OTHER))
    assert len(publisher.asked) == 1
    monkeypatch.setattr(published, "PAUSE_S", 0.0)
    await assertions.claims(signed(OTHER))
    assert len(publisher.asked) == 2


async def test_known_keys_stand_while_no_newer_can_be_had(
    assertions: Assertions, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await assertions.claims(signed())
    publisher.status = 500
    monkeypatch.setattr(published, "FRESH_S", 0.0)
    await assertions.claims(signed(email="bob@example.org"))
    assert len(publisher.asked) == 2


@pytest.mark.parametrize("body", [b"", b"[]", b'{"keys": 1}', b"x" * (MAX_BYTES + 1)])
async def test_where_there_are_no_keys_nobody_is_judged(
    assertions: Assertions, publisher: Publisher, body: bytes
) -> None:
    publisher.body, publisher.status = body or b" ", 200 if body else 302
    with pytest.raises(KeysUnavailable):
        await assertions.claims(signed())


async def test_a_place_that_cannot_be_asked_is_said() -> None:
    for url in ("http://127.0.0.1:9/certs", "http://["):
        with pytest.raises(KeysUnavailable, match="cannot be asked"):
            await fetched(url)


async def test_a_load_balancers_assertion(publisher: Publisher) -> None:
    options = assertion_options("aws-alb", signer=SIGNER, issuer=ISSUER, keys_url=publisher.url)
    assertions = Assertions(options)
    assert (await assertions.claims(alb()))["email"] == "alice@example.org"
    assert (await assertions.claims(alb(exp=int(time.time()) + 99)))["email"]
    assert publisher.asked == ["/abc-1"]
    for wrong in (
        alb(signer=SIGNER + "x"),
        alb(iss="https://other.example.org"),
        alb(exp=int(time.time()) - LEEWAY_S - 1),
        alb(exp=None),
        alb(ECKey.generate_key("P-256")),
        alb(kid="../secrets"),
        signed(KEY, header={"kid": "abc-1", "signer": SIGNER, "iss": ISSUER, "exp": 9e9}),
    ):
        with pytest.raises(NotByProxy):
            await assertions.claims(wrong)
    assert publisher.asked == ["/abc-1"]


async def test_a_load_balancer_pads_what_it_signs(publisher: Publisher) -> None:
    """Unlike the standard has it, and the signature is of what is padded."""
    options = assertion_options("aws-alb", signer=SIGNER, keys_url=publisher.url)
    header = {"alg": "ES256", "kid": "abc-1", "signer": SIGNER, "exp": int(time.time()) + 100}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode()
        for part in (header, {"email": "alice@example.org", "pad": "x"})
    ]
    assert any(part.endswith("=") for part in parts)
    token = _signed_as_it_is(".".join(parts))
    assert (await Assertions(options).claims(token))["email"] == "alice@example.org"


def test_what_follows_from_the_kind() -> None:
    cloudflare = assertion_options("cloudflare", issuer=f"{ISSUER}/", audience="a")
    assert cloudflare.header == "Cf-Access-Jwt-Assertion"
    assert cloudflare.keys_url == f"{ISSUER}/cdn-cgi/access/certs"
    balancer = assertion_options("aws-alb", signer=SIGNER)
    assert balancer.header == "X-Amzn-Oidc-Data"
    assert balancer.keys_url == "https://public-keys.auth.elb.eu-central-1.amazonaws.com"
    assert [*cloudflare.problems(), *balancer.problems()] == []


async def test_the_assertion_says_who_it_is_and_no_header(publisher: Publisher) -> None:
    options = HeaderOptions(
        proxies=(ip_network("10.0.0.0/24"),),
        user="Remote-User",
        display_name="name",
        groups="groups",
        admin_group="admins",
        assertion=assertion_options(
            "cloudflare", issuer=ISSUER, audience=AUDIENCE, keys_url=f"{publisher.url}/certs"
        ),
    )
    proxy = Proxy(options)

    def scope(*tokens: str) -> dict[str, Any]:
        assertions = [(b"cf-access-jwt-assertion", token.encode()) for token in tokens]
        headers = [*assertions, (b"remote-user", b"mallory")]
        return {"type": "http", "client": ("10.0.0.2", 1), "headers": headers}

    person = await proxy.person(scope(signed(name="Alice", groups=["admins"])))
    assert (person.name, person.display_name) == ("alice@example.org", "Alice")
    assert person.is_operator
    for wrong in (scope(), scope(signed(), signed()), scope(signed(email=None))):
        with pytest.raises(NotByProxy):
            await proxy.person(wrong)


def _encoded(header: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()


def _signed_as_it_is(text: str) -> str:

    private = ALB_KEY.private_key
    assert private
    r, s = decode_dss_signature(private.sign(text.encode(), ec.ECDSA(SHA256())))
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"{text}.{base64.urlsafe_b64encode(raw).decode()}"
