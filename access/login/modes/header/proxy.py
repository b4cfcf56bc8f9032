"""Whether a request comes by the proxy, and who the proxy says it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from starlette.types import Scope

from access.login.accounts.names import folded
from access.login.addresses import peer_of
from access.login.modes.header.assertions import Assertions
from access.login.modes.header.errors import NotAllowed, NotByProxy
from access.login.modes.header.fields import is_secret, name_of, only, parts_of, shown_name, without
from access.login.modes.header.options import HeaderOptions


@dataclass(frozen=True, slots=True)
class Person:
    """Who it is, as the proxy says it."""

    name: str
    display_name: str | None
    is_operator: bool

    @property
    def key(self) -> str:
        """The name as it is compared."""
        return folded(self.name)


class Proxy:
    """Believes one proxy."""

    def __init__(self, options: HeaderOptions) -> None:
        self._options = options
        is_signed = options.assertion.kind != "none"
        self._assertions = Assertions(options.assertion) if is_signed else None

    async def person(self, scope: Scope) -> Person:
        """Return who sends a request, and take the proxy's secret out of it.

        Raises `NotByProxy`, `NotAllowed`, `KeysUnavailable`.
        """
        self._require_peer(scope)
        self._require_secret(scope)
        name, shown, groups = await self._said(scope)
        allowed = self._options.allowed_groups
        if allowed and not allowed & groups:
            message = f"{name!r} is in none of AUTH_HEADER_ALLOWED_GROUPS."
            raise NotAllowed(message)
        admin = self._options.admin_group
        return Person(name, shown or None, bool(admin) and admin in groups)

    def _require_peer(self, scope: Scope) -> None:
        peer = peer_of(scope)
        try:
            address = ip_address(peer)
        except ValueError:
            address = None
        # A socket that listens on both takes an IPv4 address for an IPv6 one.
        address = getattr(address, "ipv4_mapped", None) or address
        if address is None or not any(address in one for one in self._options.proxies):
            message = f"{peer or 'nobody'} is none of AUTH_HEADER_PROXIES."
            raise NotByProxy(message)

    def _require_secret(self, scope: Scope) -> None:
        name = self._options.secret_header
        given = only(scope, name)
        scope["headers"] = without(scope, name)
        if self._options.secret and not is_secret(given, self._options.secret):
            message = f"{name} is {'wrong' if given else 'missing'}."
            raise NotByProxy(message)

    async def _said(self, scope: Scope) -> tuple[str, str, frozenset[str]]:
        """Return name, display name and groups: of the assertion where there is one."""
        options = self._options
        if self._assertions is None:
            given = only(scope, options.user)
            name = name_of(given or "", options.user)
            shown = only(scope, options.display_name) if options.display_name else None
            groups = only(scope, options.groups) if options.groups else None
            return name, shown_name(shown or ""), parts_of(groups or "")
        given = only(scope, options.assertion.header)
        if not given:
            message = f"{options.assertion.header} is missing."
            raise NotByProxy(message)
        claims = await self._assertions.claims(given)
        claim = options.assertion.claim
        name = name_of(_text(claims, claim), f"The claim {claim}")
        shown = _text(claims, options.display_name)
        return name, shown_name(shown), _groups(claims, options.groups)


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    return found if isinstance(found, str) else ""


def _groups(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    found = claims.get(name)
    return parts_of(found if isinstance(found, str | list) else "")
