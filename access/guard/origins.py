"""From which site a request comes, as its browser says: our own page's, or one that is allowed.

Nothing but browsers is judged by this: a program can say what it likes, and has no cookie but its
own. `Sec-Fetch-Site` and `X-Forwarded-Proto` are names that no page can give a request of its own
without being asked for leave first (CORS), which foreign pages do not get.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_SCHEMES = {"ws": "http", "wss": "https"}
_OWN_SITE = ("same-origin", "none")

Origin = tuple[str, str, int]  # scheme, host, port


def is_host(given: str) -> bool:
    """Tell whether it has the form of a `Host` header: a name or an address, maybe a port."""
    return _HOST.fullmatch(given) is not None


def origin_of(given: str) -> Origin | None:
    """Return the scheme, host and port that an origin names; None where it names none."""
    try:
        parts = urlsplit(given)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None or not is_host(parts.netloc):
        return None
    return parts.scheme, parts.hostname, port


@dataclass(frozen=True, slots=True)
class Origins:
    """Which origins may send requests: that of the host that was asked, and those allowed."""

    named: tuple[str, ...] = ()

    @property
    def allowed(self) -> frozenset[Origin]:
        """Those that are allowed besides our own."""
        return frozenset(found for one in self.named if (found := origin_of(one)))

    def foreign(self, scope: Scope) -> str | None:
        """Return how the foreign site is to be called that a request comes from; None for none."""
        headers = Headers(scope=scope)
        if given := headers.getlist("origin"):
            own = own_origins(scope, headers) | self.allowed
            return next((one or "nowhere" for one in given if origin_of(one) not in own), None)
        sites = headers.getlist("sec-fetch-site")
        return None if all(one in _OWN_SITE for one in sites) else "another site"

    def sockets(self, host: str) -> Sequence[str]:
        """Return where the page's socket may lead, for a page that was asked of a host."""
        own = [f"ws://{host}", f"wss://{host}"] if is_host(host) else []
        schemes = {"http": "ws", "https": "wss"}
        return [*own, *(f"{schemes[one[0]]}://{one[1]}:{one[2]}" for one in sorted(self.allowed))]


def own_origins(scope: Scope, headers: Headers) -> frozenset[Origin]:
    """Return the origins that the host has that was asked.

    There are two where a proxy that we do not know has come by https.
    """
    schemes = {
        _SCHEMES.get(scope["scheme"], scope["scheme"]),
        *headers.getlist("x-forwarded-proto"),
    }
    found = (origin_of(f"{one}://{headers.get('host', '')}") for one in schemes)
    return frozenset(one for one in found if one)
