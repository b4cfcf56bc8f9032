"""The route from which Prometheus fetches the metrics, and who may."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from access.login.addresses import peer_of
from routes.health.health import READING
from routes.health.meters import Meters

PATH = "/metrics"
# Whoever sends these passes something on: the address of the connection says nothing of its origin.
_PASSED_ON = re.compile(r"via|.*forwarded.*|.*(client|connecting|real)-?ip|.*external-address")
_BEARER = b"bearer "


@dataclass(frozen=True, slots=True)
class Readers:
    """Who may read the metrics: who comes from one of these networks, or has the token."""

    networks: Sequence[IPv4Network | IPv6Network] = ()
    token: str = ""

    @property
    def has_any(self) -> bool:
        """Whether there is anybody."""
        return bool(self.networks or self.token)

    def may(self, request: Request) -> bool:
        """Tell whether a request is from one of them."""
        return self._has_token(request) or self._is_near(request)

    def _has_token(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").encode("latin-1")
        is_bearer = given[: len(_BEARER)].lower() == _BEARER
        told = given[len(_BEARER) :].strip() if is_bearer else b""
        return hmac.compare_digest(told, self.token.encode()) and bool(self.token)

    def _is_near(self, request: Request) -> bool:
        if any(map(_PASSED_ON.fullmatch, request.headers)):
            return False
        try:
            address = ip_address(peer_of(request.scope))
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self.networks)


def metrics_router(readers: Readers, meters: Meters, prefix: str) -> APIRouter:
    """Return the route; where nobody may read the metrics there is nothing."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.api_route(PATH, methods=READING)
    async def get_metrics(request: Request) -> Response:
        if not readers.has_any:
            return JSONResponse({"detail": "Not Found"}, 404)
        if not readers.may(request):
            return JSONResponse({"detail": "The metrics are not for you."}, 403)
        headers = {"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
        return Response(await meters.exposition(), headers=headers)

    return router
