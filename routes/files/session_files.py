"""The route of a session's files: what was attached a moment ago, and what an answer shows.

Chainlit sends them as what they were said to be, to be shown in a tab.
"""

from pathlib import Path

import anyio
from chainlit.server import UserParam
from chainlit.session import WebsocketSession
from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from access.guard import owners
from access.guard.held_files import is_held
from routes.files.content import headers, present_type

PATH = "/project/file/{file_id}"


def session_files_router(prefix: str) -> APIRouter:
    """Return the route, to be placed before Chainlit's own and in its stead."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.get(PATH)
    async def get_file(file_id: str, session_id: str, user: UserParam) -> Response:
        owners.require_session(user, session_id)
        session = WebsocketSession.get_by_id(session_id)
        file = session.files.get(file_id) if session else None
        if file is None or not await anyio.Path(file["path"]).is_file():
            raise owners.missing()
        shown = present_type(file["type"])
        if is_held(file):  # as long as the session is held here
            content = await anyio.Path(file["path"]).read_bytes()
            return Response(content, headers=headers(shown, file["name"]))
        return FileResponse(Path(file["path"]), headers=headers(shown, file["name"]))

    return router
