"""Chainlit's script of the page, with what is changed in it.

It is one minified file without a place for what others add. What is changed is found by its text,
which a test compares with that of the Chainlit that is installed; what is not found stays as it is.
"""

import gzip
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

# What is written in the script before an address that has to begin with the prefix, and after it.
ADDRESSES = (
    ('"', "/assets/pdf.worker"),  # what shows PDF files
    ("window.location.origin}", "/share/"),  # the link that is copied
    ("window.location.href=`", "/thread/"),
)
# What is written there, and what takes its place: `public/page/markdown/` has a say in how Markdown
# is read, and in what is made of it; `public/page/composer.js` learns what is in the composer, and
# what was sent; `public/page/sidebar/` has a say in what the sidebar shows.
_MESSAGES = (
    ("return e&&(l=[...l,G8n]),l},[e])", "return globalThis.keepchatMarkdown?.remark(l)??l},[e])"),
    (
        "e&&(l=[OAn,...l]),l},[t,e])",
        "globalThis.keepchatMarkdown?.rehype(l,OAn)??l},[t,e])",
    ),
    (
        '[z,re]),f.jsxs("div",{id:"message-composer"',
        "[z,re]),E.useEffect(()=>{globalThis.keepchatComposer?.({text:i,command:s,setCommand:c,"
        "commands:l,modes:I,attachments:d,setAttachments:h,isReady:!w,user:_?.identifier})}),"
        'f.jsxs("div",{id:"message-composer"',
    ),
    (
        'e==null||e.socket.emit("client_message",{message:X,fileReferences:V})',
        'e==null||(e.socket.emit("client_message",{message:X,fileReferences:V}),'
        "globalThis.keepchatSent?.(X))",
    ),
)
_SIDEBAR = (
    # The group of a conversation, and where the groups that are ours stand.
    (
        's;i===0?s="Today":i===1',
        's;(s=globalThis.keepchatSidebar?.groupOf(r))?0:i===0?s="Today":i===1',
    ),
    (
        'const Z=["Today","Yesterday"',
        'const Z=[...globalThis.keepchatSidebar?.groups??[],"Today","Yesterday"',
    ),
    # What changes the list, and the lines of a conversation's menu.
    ("y=kn(Tm),x=", "y=(k=>globalThis.keepchatSidebar?.own(k)??k)(kn(Tm)),x="),
    ("f.jsx(QVn,{onDelete:", "f.jsx(QVn,{thread:G,onDelete:"),
    (
        "function QVn({onDelete:t,onRename:e,onShare:n,className:r}){",
        "function QVn({thread:k,onDelete:t,onRename:e,onShare:n,className:r}){",
    ),
    (
        'f.jsxs(Ip,{id:"delete-thread"',
        'globalThis.keepchatSidebar?.lines(k,Ip,f.jsxs),f.jsxs(Ip,{id:"delete-thread"',
    ),
    # `public/page/thread.js` gives a new conversation its address at once. The page did so once the
    # list was there, and led back who had left it meanwhile.
    ('i&&A.pathname==="/"&&t(`/thread/${i}`)', "!1&&t(`/thread/${i}`)"),
    # Who comes back from a conversation to the page before it finds a new one. The page led forth
    # again, so that nobody came further back.
    (
        "{threadId:v}=Rl();E.useEffect(()=>{const N=new URL(window.location.href);t&&",
        "{threadId:v}=Rl(),{clear:k}=Go();E.useEffect(()=>{const N=new URL(window.location.href);"
        "v&&globalThis.keepchatCameBack?.()?(k(),r(I=>({...I,currentThreadId:void 0}))):t&&",
    ),
    # What is open is left as it is deleted. The page opened it once more, and when it was gone left
    # whatever was open then.
    ("(l===o||l===c)&&(s(),await new", '(l===o||l===c)&&(s(),i("/"),await new'),
    (
        'i("/"),f.jsx(Ot,{path:"threadHistory.thread.actions.delete.success"})',
        'f.jsx(Ot,{path:"threadHistory.thread.actions.delete.success"})',
    ),
    # A conversation is shared whether its link could be copied or not (`public/page/clipboard.js`).
    (
        "function ltt({open:t,onOpenChange:e,threadId:n}){",
        "function ltt({open:t,onOpenChange:e,threadId:n}){"
        "const navigator={clipboard:{writeText:globalThis.keepchatCopyLink}};",
    ),
    # What was shared, taken back and shared again in one page was not shared: its link was copied.
    ("if(n)try{if(c)await", "if(n)try{if(c&&_)await"),
    # A line that has not changed is not drawn again: there may be a thousand.
    (
        "W=be||t.currentThreadId===G.id;return f.jsx(att,{id:",
        "W=be||t.currentThreadId===G.id,k=globalThis.keepchatSidebar?.drawn(G,be,W)??{};"
        "return k.line??=f.jsx(att,{id:",
    ),
    # The button that deletes says so.
    (
        'f.jsx(ZTe,{onClick:V,children:f.jsx(Ot,{path:"common.actions.confirm"})})',
        'f.jsx(ZTe,{onClick:V,className:"keepchat-danger",'
        'children:f.jsx(Ot,{path:"threadHistory.thread.menu.delete"})})',
    ),
)
SEAMS = (*_MESSAGES, *_SIDEBAR)


def bundle_router(assets: Path, prefix: str) -> APIRouter:
    """Return the route, to be placed before that of all assets."""
    router = APIRouter(prefix=prefix, include_in_schema=False)
    for path in assets.glob("index-*.js"):
        router.add_api_route(
            f"/assets/{path.name}", _sending(Script(path, prefix)), methods=["GET"]
        )
    return router


def changed(script: str, prefix: str) -> str:
    """Return the script with our seams, for a program whose addresses begin with a prefix."""
    for written, instead in SEAMS:
        script = script.replace(written, instead)
    for before, address in ADDRESSES if prefix else ():
        script = script.replace(before + address, before + prefix + address)
    return script


@dataclass(frozen=True)
class Script:
    """The script as it is sent."""

    path: Path
    prefix: str

    @cached_property
    def content(self) -> bytes:
        """Its bytes."""
        return changed(self.path.read_text(encoding="utf-8"), self.prefix).encode()

    @cached_property
    def compressed(self) -> bytes:
        """Its bytes as nearly all browsers want them."""
        return gzip.compress(self.content, mtime=0)

    @cached_property
    def headers(self) -> dict[str, str]:
        """What is said of it: by its name alone nobody can tell whether it has changed."""
        tag = sha256(self.content).hexdigest()[:32]
        return {"ETag": f'W/"{tag}"', "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}


def _sending(script: Script) -> Callable[[Request], Awaitable[Response]]:
    async def send_bundle(request: Request) -> Response:
        headers = await run_in_threadpool(lambda: script.headers)
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        content = script.content
        if "gzip" in request.headers.get("accept-encoding", ""):
            content = await run_in_threadpool(lambda: script.compressed)
            headers = headers | {"Content-Encoding": "gzip"}
        return Response(content, headers=headers, media_type="application/javascript")

    return send_bundle
