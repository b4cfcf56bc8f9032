"""The route `/keepchat/export/{thread}.md`: a conversation to save.

With `?siblings=all` its author gets what is not shown, too, told from what is.
"""

from typing import Literal

from chainlit.server import UserParam
from fastapi import APIRouter, Request, Response

from access.guard import owners
from access.guard.readers import may_read
from chat.live.notes import Growing, judged, nothing_grows
from chat.live.offers import wall_clock
from datalayer.layer import KeepchatDataLayer
from datalayer.siblings import places
from datalayer.stores.base import Store
from routes.content import MARKDOWN, headers
from routes.markdown import NOWHERE, title, to_markdown
from routes.sharing import as_shared

PATH = "/keepchat/export/{thread_id}.md"


def export_router(
    store: Store,
    layer: KeepchatDataLayer,
    prefix: str,
    *,
    sharing: bool,
    growing: Growing = nothing_grows,
) -> APIRouter:
    """Return the route, to be placed before Chainlit's own."""
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.get(PATH)
    async def export(
        request: Request, thread_id: str, user: UserParam, siblings: Literal["all"] | None = None
    ) -> Response:
        asker = owners.signed_in(user)
        is_readable = await may_read(store, asker, thread_id, sharing=sharing)
        record = await layer.get_thread_record(thread_id) if is_readable else None
        if record is None:
            raise owners.missing()
        is_own = record.owner == asker.identifier
        is_whole = is_own and siblings == "all"
        thread = layer.whole_thread(record) if is_whole else layer.shown_thread(record)
        told = judged(thread, now=wall_clock(), growing=growing(thread["id"]))
        shown = told if is_own else as_shared(told)
        marks = places(record.steps) if is_whole else NOWHERE
        origin = f"{request.url.scheme}://{request.url.netloc}"
        language = request.headers.get("accept-language")
        return Response(
            to_markdown(shown, origin=origin, places=marks, language=language),
            headers=headers(MARKDOWN, f"{title(shown)}.md"),
        )

    return router
