"""In front of Chainlit's own routes that do not ask whose it is what they act on."""

import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from chainlit import server
from chainlit.action import Action
from chainlit.config import config
from chainlit.server import UserParam
from chainlit.types import (
    CallActionRequest,
    DeleteFeedbackRequest,
    ElementRequest,
    GetThreadsRequest,
    UpdateFeedbackRequest,
    UpdateThreadRequest,
)
from chainlit.user import User
from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel

from access.guard import owners
from access.guard.user_limits import UserLimits
from datalayer.errors import DataLayerError, StoreUnavailable
from datalayer.layer import KeepchatDataLayer
from routes.sidebar import list_section

DISPLAYS = ("inline", "side", "page")
MOST_THREADS = 100  # of one page of the sidebar; more are not given at once
NO_ELEMENT = "The element has not the form of one."
CLOSED = ("/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json")


class SessionCookie(BaseModel):
    """What a page names its session in `/set-session-cookie`."""

    session_id: uuid.UUID


def guarded_router(layer: KeepchatDataLayer, limits: UserLimits, prefix: str) -> APIRouter:
    """Return the routes, to be placed before Chainlit's own, which they call."""
    router = APIRouter(prefix=prefix, include_in_schema=False)
    _add_feedback(router, layer, limits)
    _add_threads(router, layer, limits)
    _add_elements(router, layer, limits)
    _add_sessions(router)
    return router


def _add_feedback(router: APIRouter, layer: KeepchatDataLayer, limits: UserLimits) -> None:

    @router.put("/feedback")
    async def put_feedback(request: Request, update: UpdateFeedbackRequest, user: UserParam) -> Any:
        owners.refuse_foreign_session(user, update.sessionId)
        feedback = update.feedback
        await owners.require_step(layer, user, feedback.forId, feedback.threadId)
        limits.check_bytes("comment_kb", feedback.comment, owners.signed_in(user).identifier)
        try:
            return await server.update_feedback(request, update, user)
        except HTTPException as exc:  # Chainlit's 500, whatever it is
            if isinstance(exc.__cause__, StoreUnavailable):
                raise exc.__cause__ from None
            if isinstance(exc.__cause__, DataLayerError):
                raise owners.missing() from exc
            raise

    @router.delete("/feedback")
    async def delete_feedback(
        request: Request, payload: DeleteFeedbackRequest, user: UserParam
    ) -> Any:
        thread_id = await layer.get_feedback_thread(payload.feedbackId)
        await owners.require_thread(layer, user, thread_id)
        return await server.delete_feedback(request, payload, user)


def _add_threads(router: APIRouter, layer: KeepchatDataLayer, limits: UserLimits) -> None:
    @router.post("/project/threads")
    async def post_threads(
        request: Request, payload: GetThreadsRequest, user: UserParam, section: str | None = None
    ) -> Any:
        owners.signed_in(user)
        if payload.pagination.first < 1:
            raise HTTPException(400, "pagination.first has to be 1 at least.")
        payload.pagination.first = min(payload.pagination.first, MOST_THREADS)
        try:
            if section is not None:
                return await list_section(layer, user, section, payload.pagination)
            return await server.get_user_threads(request, payload, user)
        except ValueError as exc:
            raise HTTPException(400, "pagination.cursor is none that a page gave.") from exc

    @router.put("/project/thread")
    async def put_thread(request: Request, payload: UpdateThreadRequest, user: UserParam) -> Any:
        limits.check_bytes("name_kb", payload.name, owners.signed_in(user).identifier)
        return await server.rename_thread(request, payload, user)


def _add_elements(router: APIRouter, layer: KeepchatDataLayer, limits: UserLimits) -> None:
    @router.put("/project/element")
    async def put_element(payload: ElementRequest, user: UserParam) -> Any:
        owners.require_session(user, payload.sessionId)
        await owners.require_element(layer, user, payload.element)
        _require_shown(payload.element)
        asker = owners.signed_in(user).identifier
        limits.check_bytes("element_kb", _as_json(payload.element), asker)
        return await server.update_thread_element(payload, user)

    @router.delete("/project/element")
    async def delete_element(payload: ElementRequest, user: UserParam) -> Any:
        owners.require_session(user, payload.sessionId)
        await owners.require_element(layer, user, payload.element)
        _require_shown(payload.element)
        return await server.delete_thread_element(payload, user)

    @router.post("/project/action")
    async def post_action(payload: CallActionRequest, user: UserParam) -> Any:
        owners.require_session(user, payload.sessionId)
        try:
            Action(**payload.action)
        except (TypeError, ValueError) as exc:
            raise HTTPException(422, "The action has not the form of one.") from exc
        return await server.call_action(payload, user)


def _require_shown(element: dict[str, Any]) -> None:
    if not (
        isinstance(element.get("name"), str)
        and element.get("display") in DISPLAYS
        and isinstance(element.get("props") or {}, dict)
    ):
        raise HTTPException(422, NO_ELEMENT)


def _as_json(element: dict[str, Any]) -> str:
    try:
        return json.dumps(element, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError) as exc:
        raise HTTPException(422, NO_ELEMENT) from exc


def _add_sessions(router: APIRouter) -> None:
    @router.post("/set-session-cookie")
    async def post_cookie(request: Request, response: Response, _named: SessionCookie) -> Any:
        return await server.set_session_cookie(request, response)

    if not (config.features.mcp and config.features.mcp.enabled):
        router.add_api_route("/mcp", nothing, methods=["POST", "DELETE"])


def closed_router() -> APIRouter:
    """Return routes in front of what FastAPI would tell everybody of the program."""
    router = APIRouter(include_in_schema=False)
    for path in CLOSED:
        router.add_api_route(path, nothing, methods=["GET", "HEAD"])
    return router


async def nothing() -> None:
    """Answer 404."""
    raise HTTPException(404, "There is nothing here.")


def as_if_missing(layer: KeepchatDataLayer) -> Callable[[str, str], Awaitable[bool]]:
    """Return what lets a thread's author through; a foreign thread is as if it were not there."""

    async def is_thread_author(identifier: str, thread_id: str) -> bool:
        await owners.require_thread(layer, User(identifier=identifier), thread_id)
        return True

    return is_thread_author
