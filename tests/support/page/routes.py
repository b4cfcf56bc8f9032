"""All routes of the program, each with what somebody asks there whose it is.

A test compares them with those that the program has: a new one needs a line here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import chainlit

from tests.support.page.world import SECRET


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route is: `path` and `body` name things by their kind, as in `{thread}`.

    `own` is what the owner gets; others get none of it where it is hers.
    """

    path: str
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    files: Any = None
    owned: bool = False
    personal: bool = False
    own: tuple[int, ...] = (200,)


_FEEDBACK = {"forId": "{step}", "threadId": "{thread}", "value": 1, "comment": SECRET}
_ELEMENT = {
    "element": {
        "id": "{element}",
        "threadId": "{thread}",
        "forId": "{question}",
        "type": "custom",
        "name": "x",
        "display": "inline",
        "props": {},
    },
    "sessionId": "{session}",
}
_BRANCH = {"action": "branch", "step": "{step}", "session": "{session}"}
BUNDLE = next(Path(chainlit.__file__).parent.glob("frontend/dist/assets/index-*.js")).name
_NONE = (404,)
FILE = {"file": ("a.txt", b"x", "text/plain")}

ROUTES: Mapping[str, Rule] = {
    "GET /public/{filename:path}": Rule("/public/built/keepchat.js"),
    f"GET /assets/{BUNDLE}": Rule(f"/assets/{BUNDLE}"),
    "GET /assets/{filename:path}": Rule("/assets/none.js", own=_NONE),
    "GET /copilot/{filename:path}": Rule("/copilot/none.js", own=_NONE),
    "GET /auth/config": Rule("/auth/config"),
    "POST /login": Rule("/login", {"username": "anna"}, own=(422,)),
    "POST /logout": Rule("/logout"),
    "POST /auth/jwt": Rule("/auth/jwt", own=_NONE),
    "POST /auth/header": Rule("/auth/header", own=(400,)),
    "GET /auth/oauth/{provider_id}": Rule("/auth/oauth/any", own=_NONE),
    "GET /auth/oauth/{provider_id}/callback": Rule("/auth/oauth/any/callback", own=_NONE),
    "POST /auth/oauth/azure-ad-hybrid/callback": Rule(
        "/auth/oauth/azure-ad-hybrid/callback", own=_NONE
    ),
    "GET /user": Rule("/user", personal=True),
    "POST /set-session-cookie": Rule("/set-session-cookie", {"session_id": "{session}"}),
    "GET /project/translations": Rule("/project/translations"),
    "GET /project/settings": Rule("/project/settings", personal=True),
    "PUT /feedback": Rule("/feedback", {"feedback": _FEEDBACK, "sessionId": "x"}, owned=True),
    "POST /project/threads": Rule(
        "/project/threads", {"pagination": {"first": 20}, "filter": {}}, personal=True
    ),
    "GET /project/thread/{thread_id}": Rule("/project/thread/{thread}", owned=True),
    "GET /project/share/{thread_id}": Rule("/project/share/{thread}", owned=True, own=_NONE),
    "GET /project/thread/{thread_id}/element/{element_id}": Rule(
        "/project/thread/{thread}/element/{element}", owned=True
    ),
    "PUT /project/element": Rule("/project/element", _ELEMENT, owned=True, own=_NONE),
    "DELETE /project/element": Rule("/project/element", _ELEMENT, owned=True, own=_NONE),
    "PUT /project/thread": Rule(
        "/project/thread", {"threadId": "{thread}", "name": SECRET}, owned=True
    ),
    "POST /keepchat/share/{thread_id}/copy": Rule(
        "/keepchat/share/{thread}/copy", owned=True, own=_NONE
    ),
    "PUT /project/thread/share": Rule(
        "/project/thread/share", {"threadId": "{thread}", "isShared": False}, owned=True
    ),
    "POST /project/action": Rule(
        "/project/action",
        {"action": {"name": "x", "payload": {}}, "sessionId": "{session}"},
        owned=True,
        own=_NONE,
    ),
    "POST /mcp": Rule("/mcp", {"sessionId": "{session}", "name": "x"}, own=_NONE),
    "DELETE /mcp": Rule("/mcp", {"sessionId": "{session}", "name": "x"}, own=_NONE),
    "POST /project/file": Rule(
        "/project/file", query={"session_id": "{session}"}, files=FILE, owned=True
    ),
    "GET /project/file/{file_id}": Rule(
        "/project/file/{upload}", query={"session_id": "{session}"}, owned=True
    ),
    "GET /files/{thread_id}/{element_id}/{name:path}": Rule(
        "/files/{thread}/{element}/any", owned=True
    ),
    "HEAD /files/{thread_id}/{element_id}/{name:path}": Rule(
        "/files/{thread}/{element}/any", owned=True
    ),
    "POST /keepchat/search": Rule("/keepchat/search", {"query": SECRET}, personal=True),
    "GET /keepchat/sidebar/folders": Rule("/keepchat/sidebar/folders", personal=True),
    "PUT /keepchat/sidebar/folders": Rule(
        "/keepchat/sidebar/folders", {"folder": SECRET, "name": "x"}, personal=True
    ),
    "PUT /keepchat/sidebar/threads/{thread_id}": Rule(
        "/keepchat/sidebar/threads/{thread}", {"pinned": False}, owned=True
    ),
    "DELETE /keepchat/sidebar/threads": Rule(
        "/keepchat/sidebar/threads", {"all": False}, own=(422,)
    ),
    "GET /keepchat/export/{thread_id}.{form}": Rule("/keepchat/export/{thread}.md", owned=True),
    "GET /keepchat/answers/{thread_id}": Rule("/keepchat/answers/{thread}", owned=True),
    "POST /keepchat/answers/{thread_id}": Rule("/keepchat/answers/{thread}", _BRANCH, owned=True),
    "PUT /keepchat/temporary/{session_id}": Rule(
        "/keepchat/temporary/{session}", {"on": False}, owned=True
    ),
    "DELETE /keepchat/temporary/{session_id}": Rule("/keepchat/temporary/{session}", owned=True),
    "GET /keepchat/notice": Rule("/keepchat/notice"),
    "GET /keepchat/preferences": Rule("/keepchat/preferences", personal=True),
    "PUT /keepchat/preferences": Rule(
        "/keepchat/preferences", {"changed": {"temperature": "own"}}, personal=True
    ),
    "GET /keepchat/account": Rule("/keepchat/account", personal=True),
    "DELETE /keepchat/account/sessions": Rule("/keepchat/account/sessions", personal=True),
    "DELETE /keepchat/account/sessions/{session_id}": Rule(
        "/keepchat/account/sessions/{session}", owned=True, own=_NONE
    ),
    "PUT /keepchat/account/password": Rule(
        "/keepchat/account/password", {"current": "x", "new": "y"}, personal=True, own=(403,)
    ),
    "GET /favicon": Rule("/favicon"),
    "GET /logo": Rule("/logo"),
    "GET /avatars/{avatar_id:str}": Rule("/avatars/Keepchat"),
    "HEAD /": Rule("/"),
    "GET /health": Rule("/health"),
    **{
        f"{method} /health/{what}": Rule(f"/health/{what}")
        for method in ("GET", "HEAD")
        for what in ("live", "ready")
    },
    **{f"{method} /metrics": Rule("/metrics", own=_NONE) for method in ("GET", "HEAD")},
    "GET /{full_path:path}": Rule("/thread/{thread}"),
    "MOUNT /ws/socket.io": Rule("/ws/socket.io/", own=(400,)),
    **{
        f"{method} {path}": Rule(path, own=_NONE)
        for method in ("GET", "HEAD")
        for path in ("/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json")
    },
    # Last: then it is gone.
    "DELETE /feedback": Rule("/feedback", {"feedbackId": "{feedback}"}, owned=True),
    "DELETE /project/thread": Rule("/project/thread", {"threadId": "{thread}"}, owned=True),
}


def method_of(door: str) -> str:
    """Return with which method to knock."""
    return door.split()[0].replace("MOUNT", "GET")


def filled(what: Any, ids: Mapping[str, str]) -> Any:
    """Return a rule's path or body with things in the place of their kinds."""
    if isinstance(what, dict):
        return {name: filled(value, ids) for name, value in what.items()}
    if isinstance(what, str) and "{" in what:
        return what.format_map(ids)
    return what
