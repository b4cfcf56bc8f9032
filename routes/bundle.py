"""Chainlit's script of the page, for a program under a path: three addresses in it are not."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

# What is written in the script before an address, and after it.
ADDRESSES = (
    ('"', "/assets/pdf.worker"),  # what shows PDF files
    ("window.location.origin}", "/share/"),  # the link that is copied
    ("window.location.href=`", "/thread/"),
)


def bundle_router(assets: Path, prefix: str) -> APIRouter:
    """Return the route, to be placed before that of all assets; without a prefix there is none."""
    router = APIRouter(prefix=prefix, include_in_schema=False)
    for path in assets.glob("index-*.js") if prefix else ():
        router.add_api_route(f"/assets/{path.name}", _sending(path, prefix), methods=["GET"])
    return router


def below(prefix: str, script: str) -> str:
    """Return the script for a program whose addresses begin with a prefix."""
    for before, address in ADDRESSES:
        script = script.replace(before + address, before + prefix + address)
    return script


def _sending(path: Path, prefix: str) -> Callable[[Request], Awaitable[Response]]:
    content = below(prefix, path.read_text(encoding="utf-8")).encode()
    headers = {"ETag": f'"{sha256(content).hexdigest()[:32]}"', "Cache-Control": "no-cache"}

    async def send_bundle(request: Request) -> Response:
        if request.headers.get("if-none-match") in (headers["ETag"], f"W/{headers['ETag']}"):
            return Response(status_code=304, headers=headers)
        return Response(content, media_type="application/javascript", headers=headers)

    return send_bundle
