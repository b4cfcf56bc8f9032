"""ID tokens, forged and signed with real keys: which are believed."""

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from authlib.oidc.core.util import create_half_hash
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from access.login.modes.oidc.errors import LoginRefused
from access.login.modes.oidc.id_token import LEEWAY_S, Expected, UnknownKey
from access.login.modes.oidc.id_token import claims_of as judged
from access.login.published_keys import ALGORITHMS, usable_keys
from tests.support.servers.scripted_provider import key as key_named

NOW = 1_800_000_000
KEY = key_named("one")
OTHER = key_named("one", 1)
CURVE = ECKey.generate_key("P-256", {"kid": "curve"})
KEYS = usable_keys([key.as_dict(private=False) for key in (KEY, CURVE)])
EXPECTED = Expected(
    issuer="https://id.example.org", client_id="keepchat", nonce="n-1", access_token="at"
)
SAID: dict[str, Any] = {
    "iss": "https://id.example.org",
    "aud": "keepchat",
    "sub": "248289761001",
    "exp": NOW + 300,
    "iat": NOW,
    "nonce": "n-1",
}
Key = RSAKey | ECKey | OctKey


def signed(
    claims: dict[str, Any], key: Key = KEY, algorithm: str = "RS256", kid: str | None = None
) -> str:
    """A token."""
    header = {"alg": algorithm, "kid": kid or key.kid}
    registry = JWSRegistry(algorithms=[algorithm])
    return jwt.encode(header, dict(claims), key, registry=registry)


def half_hash(token: str) -> str:
    """What `at_hash` says of an access token."""
    return (create_half_hash(token, "RS256") or b"").decode()


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(KEY, "RS256"), (KEY, "PS512"), (CURVE, "ES256")],
    ids=["RS256", "PS512", "ES256"],
)
def test_a_token_by_a_published_key_is_believed(key: Key, algorithm: str) -> None:
    assert judged(signed(SAID, key, algorithm), KEYS, EXPECTED, now=NOW) == SAID


@pytest.mark.parametrize(
    "said",
    [
        {"aud": ["keepchat"]},
        {"aud": ["keepchat", "other"], "azp": "keepchat"},
        {"azp": "keepchat"},
        {"at_hash": half_hash("at")},
        {"exp": NOW - LEEWAY_S + 1, "iat": NOW - 600},
        {"iat": NOW + LEEWAY_S},
        {"nbf": NOW + LEEWAY_S},
        {"exp": NOW + 0.5},
    ],
)
def test_a_token_is_believed_that_says_it_in_another_way(said: dict[str, Any]) -> None:
    assert judged(signed(SAID | said), KEYS, EXPECTED, now=NOW)["sub"] == SAID["sub"]


@pytest.mark.parametrize(
    "said",
    [
        {"iss": "https://id.example.org/"},
        {"iss": ["https://id.example.org"]},
        {"aud": "other"},
        {"aud": []},
        {"aud": ["other"]},
        {"aud": ["keepchat", "other"]},
        {"aud": ["keepchat", "other"], "azp": "other"},
        {"azp": "other"},
        {"aud": {"keepchat": 1}},
        {"nonce": "n-2"},
        {"nonce": ""},
        {"nonce": None},
        {"exp": NOW - LEEWAY_S},
        {"exp": "never"},
        {"exp": True},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"iat": NOW + LEEWAY_S + 1},
        {"nbf": NOW + LEEWAY_S + 1},
        {"at_hash": half_hash("another")},
        {"at_hash": 5},
        {"sub": ""},
        {"sub": 248289761001},
        {"sub": "x" * 256},
    ],
)
def test_a_token_that_says_something_else_is_not_believed(said: dict[str, Any]) -> None:
    with pytest.raises(LoginRefused):
        judged(signed(SAID | said), KEYS, EXPECTED, now=NOW)


@pytest.mark.parametrize("missing", sorted(SAID))
def test_a_token_that_leaves_something_out_is_not_believed(missing: str) -> None:
    claims = {name: value for name, value in SAID.items() if name != missing}
    with pytest.raises(LoginRefused):
        judged(signed(claims), KEYS, EXPECTED, now=NOW)


def by_hand(header: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A token as no library would make it."""
    parts = (json.dumps(part).encode() for part in ({"kid": "one", **header}, SAID))
    said = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    return (said + b"." + base64.urlsafe_b64encode(sign(said)).rstrip(b"=")).decode()


def unsigned() -> str:
    """A token that needs no signature."""
    return by_hand({"alg": "none"}, lambda _said: b"")


def by_public_key() -> str:
    """A token signed with what everybody knows, as if it were a secret."""
    public = KEY.as_pem(private=False)
    return by_hand({"alg": "HS256"}, lambda said: hmac.digest(public, said, "sha256"))


def with_more_to_understand() -> str:
    """A token that is not to be believed by who does not know what x means."""

    def sign(said: bytes) -> bytes:
        private = KEY.get_op_key("sign")
        return bytes(private.sign(said, PKCS1v15(), SHA256()))

    return by_hand({"alg": "RS256", "crit": ["x"], "x": 1}, sign)


def with_its_own_key() -> str:
    """A token that brings the key to check it with."""
    header = {"alg": "RS256", "kid": "one", "jwk": OTHER.as_dict(private=False)}
    return jwt.encode(header, dict(SAID), OTHER)


@pytest.mark.parametrize(
    "forged",
    [
        unsigned,
        by_public_key,
        with_its_own_key,
        with_more_to_understand,
        lambda: signed(SAID, OTHER),
        lambda: signed(SAID)[:-4] + "AAAA",
        lambda: signed(SAID).replace(".", "..", 1),
        lambda: "",
        lambda: "a.b.c",
        lambda: "\0é",
    ],
)
def test_a_forged_token_is_not_believed(forged: Callable[[], str]) -> None:
    with pytest.raises(LoginRefused):
        judged(forged(), KEYS, EXPECTED, now=NOW)


def test_a_token_by_an_unknown_key_is_told_from_a_forged_one() -> None:
    with pytest.raises(UnknownKey):
        judged(signed(SAID, kid="two"), KEYS, EXPECTED, now=NOW)
    with pytest.raises(UnknownKey):
        judged(signed(SAID), usable_keys([]), EXPECTED, now=NOW)


def test_an_algorithm_that_the_provider_does_not_offer_is_not_taken() -> None:
    narrow = Expected(
        issuer=EXPECTED.issuer,
        client_id=EXPECTED.client_id,
        nonce=EXPECTED.nonce,
        access_token=EXPECTED.access_token,
        algorithms=frozenset({"ES256"}),
    )
    with pytest.raises(LoginRefused):
        judged(signed(SAID), KEYS, narrow, now=NOW)
    assert not any(name.startswith("HS") or name == "none" for name in ALGORITHMS)


def test_only_keys_that_may_sign_are_used() -> None:
    good = KEY.as_dict(private=False)
    short = {**RSA_1024, "kid": "short"}
    secret = OctKey.generate_key(256, {"kid": "secret"}).as_dict()
    edwards = OKPKey.generate_key("Ed25519", {"kid": "edwards"}).as_dict(private=False)
    wrong = [None, 5, {}, {"kty": "new"}, {**good, "use": "enc"}, {**good, "n": "?"}]
    assert [key.kid for key in usable_keys([*wrong, short, secret, edwards, good])] == ["one"]
    assert len(list(usable_keys([good] * 1_000))) <= 100


RSA_1024 = {
    "kty": "RSA",
    "e": "AQAB",
    # Any odd number of 1,024 bits has the form of a key.
    "n": base64.urlsafe_b64encode(b"\xc1" + b"\x5a" * 126 + b"\x01").rstrip(b"=").decode(),
}
