"""Whom the settings let in by what the provider says."""

from typing import Any

import pytest

from access.login.modes.oidc.claims import MAX_NAME, person_of, values_of
from access.login.modes.oidc.errors import LoginRefused, Refusal
from access.login.modes.oidc.options import OidcOptions

SAID = {
    "iss": "https://id.example.org",
    "sub": "248289761001",
    "name": "Anna Alder",
    "email": "Anna@Example.org",
    "email_verified": True,
    "groups": ["staff", "chat"],
}


def options(**given: Any) -> OidcOptions:
    """The settings, with what a test adds."""
    return OidcOptions(issuer="https://id.example.org", client_id="keepchat", **given)


def test_a_person_is_told_by_issuer_and_subject() -> None:
    person = person_of(SAID, options())
    assert person.subject == ("https://id.example.org", "248289761001")
    assert (person.email, person.name, person.is_operator) == (
        "Anna@Example.org",
        "Anna Alder",
        False,
    )


@pytest.mark.parametrize(
    "said",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "yes"},
        {"email_verified": 1.5},
        {"email": None},
        {"email": ["anna@example.org"]},
        {"email": "example.org"},
        {"email": "@example.org"},
        {"email": "anna@"},
        {"email": "anna@evil.example@example.org"},
        {"email": "anna\n@example.org"},
        {"email": "anna @example.org"},
    ],
)
def test_an_address_counts_if_the_provider_vouches_for_it(said: dict[str, Any]) -> None:
    assert person_of(SAID | said, options()).email == ""
    for rule in ({"domains": {"example.org"}}, {"addresses": {"anna@example.org"}}):
        with pytest.raises(LoginRefused) as refused:
            person_of(SAID | said, options(**rule))
        assert refused.value.refusal is Refusal.NOT_ALLOWED


@pytest.mark.parametrize(
    ("rules", "is_let_in"),
    [
        ({"domains": frozenset({"example.org"})}, True),
        ({"domains": frozenset({"sub.example.org", "ample.org", "org"})}, False),
        ({"addresses": frozenset({"anna@example.org"})}, True),
        ({"addresses": frozenset({"bob@example.org"})}, False),
        ({"addresses": frozenset({"x@y.z"}), "domains": frozenset({"example.org"})}, True),
        ({"groups": frozenset({"chat", "others"})}, True),
        ({"groups": frozenset({"admins"})}, False),
        ({"groups": frozenset({"chat"}), "groups_claim": "roles"}, False),
        ({"groups": frozenset({"chat"}), "domains": frozenset({"other.org"})}, False),
        ({"groups": frozenset({"none"}), "domains": frozenset({"example.org"})}, False),
    ],
)
def test_who_is_let_in(rules: dict[str, Any], is_let_in: bool) -> None:
    if is_let_in:
        person_of(SAID, options(**rules))
    else:
        with pytest.raises(LoginRefused):
            person_of(SAID, options(**rules))


def test_an_address_is_not_that_of_other_letters_that_have_the_same_small_one() -> None:
    said = {"email": "ni\N{KELVIN SIGN}@example.org"}
    with pytest.raises(LoginRefused):
        person_of(SAID | said, options(addresses=frozenset({"nik@example.org"})))


@pytest.mark.parametrize(
    ("claims", "name", "values"),
    [
        ({"groups": ["a", "b"]}, "groups", {"a", "b"}),
        ({"groups": "a b"}, "groups", {"a b"}),
        ({"https://x.org/groups": ["a"]}, "https://x.org/groups", {"a"}),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", {"a"}),
        ({"realm_access": ["roles"]}, "realm_access.roles", set()),
        ({"admin": True}, "admin", {"true"}),
        ({"admin": False}, "admin", {"false"}),
        ({"level": 3}, "level", {"3"}),
        ({"groups": [None, {"a": 1}, ""]}, "groups", set()),
        ({}, "groups", set()),
    ],
)
def test_a_claim_has_one_value_or_many(claims: dict[str, Any], name: str, values: set[str]) -> None:
    assert values_of(claims, name) == values


def test_a_claim_makes_operators() -> None:
    admins = options(admin_claim=("groups", "admins"))
    assert person_of(SAID | {"groups": ["admins"]}, admins).is_operator
    assert not person_of(SAID, admins).is_operator
    assert not person_of(SAID | {"groups": ["admins"]}, options()).is_operator


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"name": " \u202e\x00 "}, "Anna@Example.org"),
        ({"name": None, "preferred_username": "anna"}, "anna"),
        ({"name": "A\nB"}, "AB"),
        ({"name": "x" * 1_000}, "x" * MAX_NAME),
        ({"name": 5, "email": None}, ""),
    ],
)
def test_a_name_is_shown_that_can_be(said: dict[str, Any], shown: str) -> None:
    assert person_of(SAID | said, options()).name == shown
