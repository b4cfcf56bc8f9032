"""The route `/keepchat/export/{thread}.md`: a conversation to save."""

from chainlit.server import UserParam
from fastapi import APIRouter, Request, Response

from access.guard import owners
from access.guard.readers import may_read
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.base import Store
from routes.content import MARKDOWN, headers
from routes.markdown import title, to_markdown
from routes.sharing import as_shared

PATH = "/keepchat/export/{thread_id}.md"


def export_router(
    store: Store, layer: KeepchatDataLayer, prefix: str, *, sharing: bool
) -> APIRouter:
    """Return the route, to be placed before Chainlit's own."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.get(PATH)
    async def export(request: Request, thread_id: str, user: UserParam) -> Response:
        asker = owners.signed_in(user)
        is_readable = await may_read(store, asker, thread_id, sharing=sharing)
        thread = await layer.get_thread(thread_id) if is_readable else None
        if thread is None:
            raise owners.missing()
        is_own = thread["userIdentifier"] == asker.identifier
        shown = thread if is_own else as_shared(thread)
        origin = f"{request.url.scheme}://{request.url.netloc}"
        return Response(
            to_markdown(shown, origin=origin), headers=headers(MARKDOWN, f"{title(shown)}.md")
        )

    return router
