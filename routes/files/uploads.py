"""The route that takes files: the type is judged by what is in them, and they are counted.

Chainlit believes the type that was declared, and never counts. The body is read only once it is
known who sends it, and to which page of theirs: FastAPI would read it first.
"""

import json

from chainlit.server import UserParam, upload_file
from fastapi import APIRouter, HTTPException, Request, UploadFile
from starlette.datastructures import FormData, Headers
from starlette.datastructures import UploadFile as FormFile
from starlette.responses import JSONResponse, Response

from access.guard import owners
from access.guard.limits import UploadLimits, WaitingFiles
from access.guard.pages import page_of
from access.guard.session_files import SessionFiles
from access.guard.temporary import TemporaryChats
from access.guard.user_limits import MEGABYTE
from chat.wording.refusals import EMPTY, PAGE_LOST, WRONG_TYPE
from common.files.file_types import ANYTHING, HEAD_SIZE, allowed_as, shown_type
from datalayer.values import is_temporary

PATH = "/project/file"


def uploads_router(
    limits: UploadLimits,
    waiting: WaitingFiles,
    files: SessionFiles,
    temporary: TemporaryChats,
    prefix: str,
) -> APIRouter:
    """Return the upload's route, to be placed before Chainlit's own, which it calls."""
    router = APIRouter(prefix=prefix)

    async def post_file(
        request: Request, current_user: UserParam, session_id: str, ask_parent_id: str | None = None
    ) -> Response:
        session = await page_of(session_id, owners.signed_in(current_user).identifier)
        if session is None:
            raise HTTPException(404, PAGE_LOST.of_request())
        async with request.form(max_files=1) as form:
            accepted = await _accept(_file_of(form), limits)
            temporary.check(session, accepted.size or 0)
            with waiting.reserve(session, accepted.size or 0) as keep:
                reply: JSONResponse = await upload_file(
                    current_user, session_id, accepted, ask_parent_id
                )
                file_id = json.loads(bytes(reply.body))["id"]
                keep(file_id)
                if is_temporary(session.thread_id):  # perhaps only now
                    await temporary.take_files(session)
                else:
                    await files.note(session, file_id)
        return reply

    router.add_api_route(
        PATH, post_file, methods=["POST"], response_model=None, include_in_schema=False
    )
    return router


def _file_of(form: FormData) -> FormFile:
    file = form.get("file")
    if not isinstance(file, FormFile):
        raise HTTPException(422, "The request has not the form that is asked for. file: missing")
    return file


async def _accept(file: FormFile, limits: UploadLimits) -> UploadFile:
    """Return the file under the type that its content has; raises what the page shows."""
    name = file.filename or "file"
    if (file.size or 0) > limits.megabytes * MEGABYTE:
        raise HTTPException(413, limits.too_large.of_request())
    head = await file.read(HEAD_SIZE)
    await file.seek(0)
    if not head:
        raise HTTPException(400, EMPTY.of_request())
    allowed = allowed_as(head, name, limits.types)
    if allowed is None:
        raise HTTPException(400, WRONG_TYPE.of_request())
    kind = shown_type(allowed, file.content_type) if ANYTHING in limits.types else allowed
    headers = Headers({"content-type": kind})
    return UploadFile(file.file, size=file.size, filename=name, headers=headers)
