"""Where a request comes from."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

PEER = "keepchat.peer"
"""Where a request keeps whom it comes from, before what a proxy says of that is believed."""


def client_address(scope: Scope) -> str:
    """Return the client's address, of IPv6 the network: one client has all of its addresses.

    It is what the server says: the peer's, or what a proxy that FORWARDED_ALLOW_IPS names has
    forwarded. By default that is any program on this computer.
    """
    host: str = (scope.get("client") or ("",))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address) or address.ipv4_mapped:
        return str(getattr(address, "ipv4_mapped", None) or address)
    return str(IPv6Network((int(address), 64), strict=False))


def peer_of(scope: Scope) -> str:
    """Return the address of whoever is connected; empty where that is not known."""
    found: str = scope.get(PEER) or (scope.get("client") or ("",))[0]
    return found
