"""The routes by which a supervisor or a load balancer asks how the program is. Anybody may."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from routes.health.readiness import Readiness, is_ready

LIVE, READY = "/health/live", "/health/ready"
READING = ["GET", "HEAD"]
_HEADERS = {"Cache-Control": "no-store"}


def health_router(readiness: Readiness, prefix: str) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.api_route(LIVE, methods=READING)
    async def get_live() -> JSONResponse:
        """Say that the event loop runs, and ask nothing else: a restart would mend nothing else."""
        return JSONResponse({"status": "live"}, headers=_HEADERS)

    @router.api_route(READY, methods=READING)
    async def get_ready() -> JSONResponse:
        """Say whether people can be sent here, and what is wrong."""
        checks = await readiness.checks()
        ready = is_ready(checks)
        degraded = any(check.status != "ok" for check in checks.values())
        status = ("degraded" if degraded else "ready") if ready else "unready"
        told: dict[str, Any] = {"status": status}
        told["checks"] = {name: _plain(asdict(check)) for name, check in checks.items()}
        return JSONResponse(told, 200 if ready else 503, _HEADERS)

    return router


def _plain(check: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in check.items() if value}
