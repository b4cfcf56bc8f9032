"""The routes that end a login, in front of Chainlit's own, which end nothing."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse

from access.login import cookies
from access.login.base import LoginMode
from access.login.door import visit_of
from chat.wording.refusals import NO_RENEWAL


def login_router(mode: LoginMode, prefix: str) -> APIRouter:
    """Return the routes, to be placed before Chainlit's own."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.post("/logout")
    async def logout(request: Request) -> JSONResponse:
        """End the session; `url` is where the browser goes to leave its provider, too."""
        visit = visit_of(request)
        url = None
        if visit.login:
            url = mode.farewell(visit.login)
            await mode.sessions.leave(visit.login, address=visit.address)
        answer = JSONResponse({"success": True, **({"url": url} if url else {})})
        cookies.sign_out(answer, visit.credentials.names)
        return answer

    @router.post("/auth/jwt")
    async def renew() -> None:
        raise HTTPException(404, NO_RENEWAL.of_request())

    # Chainlit looks at nothing that a provider signs. The mode's own routes stand before these.
    for path in ("{provider_id}", "{provider_id}/callback"):
        router.add_api_route(f"/auth/oauth/{path}", no_provider, methods=["GET"])
    router.add_api_route("/auth/oauth/azure-ad-hybrid/callback", no_provider, methods=["POST"])
    return router


async def no_provider() -> None:
    """Answer 404."""
    raise HTTPException(404, "Nobody signs in there.")
