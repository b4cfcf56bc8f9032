"""What a provider says of a person, and whether that person may come in. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from access.login.modes.oidc.errors import LoginRefused, Refusal
from access.login.modes.oidc.options import OidcOptions

Claims = Mapping[str, Any]
MAX_SUBJECT = 255  # characters, as OpenID Connect has it
MAX_NAME = 100  # characters that are shown of a name
_NAMES = ("name", "preferred_username", "email")


@dataclass(frozen=True, slots=True)
class Person:
    """Who it is, as the provider says it."""

    subject: tuple[str, str]
    """The issuer, and its own id for the person: all that tells people apart."""
    email: str
    """As the provider spells it; empty where it does not say that it is theirs."""
    name: str
    is_operator: bool


def person_of(claims: Claims, options: OidcOptions) -> Person:
    """Return who it is. Raises `LoginRefused` for whom the settings do not let in."""
    subject = (str(claims["iss"]), str(claims["sub"]))
    email = verified_email(claims)
    _require_address(lowered(email), options)
    if options.groups and not options.groups & values_of(claims, options.groups_claim):
        why = f"{subject[1]!r} is in none of OIDC_ALLOWED_GROUPS by {options.groups_claim!r}."
        raise LoginRefused(Refusal.NOT_ALLOWED, why)
    return Person(subject, email, _shown_name(claims), _is_operator(claims, options))


def verified_email(claims: Claims) -> str:
    """Return the e-mail address, empty if the provider does not vouch for it."""
    email, is_verified = claims.get("email"), claims.get("email_verified")
    if not isinstance(email, str) or is_verified not in (True, "true"):
        return ""
    name, at, domain = email.rpartition("@")
    is_one = bool(name and at and domain) and "@" not in name and email.isprintable()
    return email if is_one and " " not in email else ""


def lowered(email: str) -> str:
    """Return an address in small letters; one beyond ASCII, where letters that differ may have the
    same small one, as it is.
    """
    return email.lower() if email.isascii() else email


def values_of(claims: Claims, name: str) -> frozenset[str]:
    """Return the values of a claim, one or many, as text; of `a.b` also what is `b` within `a`."""
    found = claims.get(name, _within(claims, name))
    values = found if isinstance(found, list) else [found]
    return frozenset(filter(None, map(_text, values)))


def _within(claims: Claims, name: str) -> object:
    found: object = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else ""


def _require_address(email: str, options: OidcOptions) -> None:
    if not options.domains and not options.addresses:
        return
    if not email:
        why = "The provider vouches for no e-mail address (email, and email_verified true)."
        raise LoginRefused(Refusal.NOT_ALLOWED, why)
    if email not in options.addresses and email.rpartition("@")[2] not in options.domains:
        why = f"{email!r} is in neither OIDC_ALLOWED_DOMAINS nor OIDC_ALLOWED_EMAILS."
        raise LoginRefused(Refusal.NOT_ALLOWED, why)


def _is_operator(claims: Claims, options: OidcOptions) -> bool:
    if not options.admin_claim:
        return False
    name, value = options.admin_claim
    return value in values_of(claims, name)


def _shown_name(claims: Claims) -> str:
    given = (claims.get(name) for name in _NAMES)
    shown = ("".join(filter(str.isprintable, one)).strip() for one in given if isinstance(one, str))
    return next(filter(None, shown), "")[:MAX_NAME]
