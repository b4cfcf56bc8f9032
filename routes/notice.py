"""The route from which the page fetches the line about its models."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from chat.wording.notice import Notice

PATH = "/keepchat/notice"


def notice_router(notice: Notice | None, prefix: str) -> APIRouter:
    """Return the route; the text is empty where there is no notice."""
    router = APIRouter(prefix=prefix)

    @router.get(PATH)
    async def get_notice() -> JSONResponse:
        if notice is None:
            return JSONResponse({"kind": "info", "text": ""})
        text = notice.text.of_request()
        return JSONResponse({"kind": notice.kind, "text": text})

    return router
