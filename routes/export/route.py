"""The route `/keepchat/export/{thread}.md` or `.json`: a conversation to save.

With `?siblings=all` its author gets what is not shown, too, told from what is.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

from chainlit.server import UserParam
from fastapi import APIRouter, Request, Response

from access.guard import owners
from access.guard.readers import may_read
from chat.live.notes import Growing, judged, nothing_grows
from chat.live.offers import wall_clock
from chat.wording.language import ASKED, Localized
from datalayer.layer import KeepchatDataLayer
from datalayer.siblings import places
from datalayer.stores.base import ThreadReads
from routes.export.conversation import NOWHERE, messages_of, title, to_json
from routes.export.markdown import to_markdown
from routes.files.content import JSON, MARKDOWN, headers
from routes.sharing import as_shared

PATH = "/keepchat/export/{thread_id}.{form}"


def export_router(
    reads: ThreadReads,
    layer: KeepchatDataLayer,
    prefix: str,
    *,
    sharing: bool,
    growing: Growing = nothing_grows,
    author: Localized[str] | None = None,
) -> APIRouter:
    """Return the route, to be placed before Chainlit's own.

    `author` is what one is called who has no name.
    """
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.get(PATH)
    async def export(
        request: Request,
        thread_id: str,
        form: Literal["md", "json"],
        user: UserParam,
        siblings: Literal["all"] | None = None,
    ) -> Response:
        asker = owners.signed_in(user)
        is_readable = await may_read(reads, asker, thread_id, sharing=sharing)
        record = await layer.get_thread_record(thread_id) if is_readable else None
        if record is None:
            raise owners.missing()
        is_own = record.owner == asker.identifier
        is_whole = is_own and siblings == "all"
        thread = layer.whole_thread(record) if is_whole else layer.shown_thread(record)
        told = judged(thread, now=wall_clock(), growing=growing(thread["id"]))
        shown = named(told, author) if is_own else as_shared(told)
        messages = messages_of(
            shown,
            origin=f"{request.url.scheme}://{request.url.netloc}",
            places=places(record.steps) if is_whole else NOWHERE,
            language=ASKED.get(),
        )
        name = f"{title(shown, ASKED.get())}.{form}"
        if form == "md":
            text = to_markdown(shown, messages, ASKED.get())
            return Response(text, headers=headers(MARKDOWN, name))
        text = json.dumps(to_json(shown, messages), ensure_ascii=False, indent=2)
        return Response(text, headers=headers(JSON, name))

    return router


def named(thread: Mapping[str, Any], author: Localized[str] | None) -> Mapping[str, Any]:
    """Return a thread whose questions are its author's, called so."""
    if author is None:
        return thread
    name = author.of_request()
    steps = [
        {**step, "name": name} if step.get("type") == "user_message" else step
        for step in thread["steps"]
    ]
    return {**thread, "steps": steps}
