"""In front of Chainlit's own routes that do not ask whose it is what they act on."""

from typing import Any

from chainlit import server
from chainlit.server import UserParam
from chainlit.types import (
    CallActionRequest,
    DeleteFeedbackRequest,
    ElementRequest,
    UpdateFeedbackRequest,
)
from fastapi import APIRouter, Request

from access.guard import owners
from datalayer.layer import KeepchatDataLayer


def guarded_router(layer: KeepchatDataLayer, prefix: str) -> APIRouter:
    """Return the routes, to be placed before Chainlit's own, which they call."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.put("/feedback")
    async def put_feedback(request: Request, update: UpdateFeedbackRequest, user: UserParam) -> Any:
        owners.refuse_foreign_session(user, update.sessionId)
        feedback = update.feedback
        await owners.require_step(layer, user, feedback.forId, feedback.threadId)
        return await server.update_feedback(request, update, user)

    @router.delete("/feedback")
    async def delete_feedback(
        request: Request, payload: DeleteFeedbackRequest, user: UserParam
    ) -> Any:
        thread_id = await layer.get_feedback_thread(payload.feedbackId)
        await owners.require_thread(layer, user, thread_id)
        return await server.delete_feedback(request, payload, user)

    @router.put("/project/element")
    async def put_element(payload: ElementRequest, user: UserParam) -> Any:
        owners.require_session(user, payload.sessionId)
        await owners.require_element(layer, user, payload.element)
        return await server.update_thread_element(payload, user)

    @router.delete("/project/element")
    async def delete_element(payload: ElementRequest, user: UserParam) -> Any:
        owners.require_session(user, payload.sessionId)
        await owners.require_element(layer, user, payload.element)
        return await server.delete_thread_element(payload, user)

    @router.post("/project/action")
    async def post_action(payload: CallActionRequest, user: UserParam) -> Any:
        owners.require_session(user, payload.sessionId)
        return await server.call_action(payload, user)

    return router
