"""From which pages changes, and all of the socket, are taken."""

from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from access.guard.origins import Origins, origin_of
from routes.middleware.origins import OriginCheck

HOST = "chat.example:8443"
OWN = f"https://{HOST}"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        await socket.close()
    else:
        await PlainTextResponse("reached")(scope, receive, send)


def client(*allowed: str, url: str = OWN) -> TestClient:
    return TestClient(OriginCheck(app, Origins(allowed), prefix="/chat"), base_url=url)


OURS: list[dict[str, str]] = [
    {"origin": OWN},
    {"origin": OWN.upper().replace("HTTPS", "https")},
    {"origin": OWN, "sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "none"},
    {},  # a program
]
FOREIGN: list[dict[str, str]] = [
    {"origin": "https://evil.example"},
    {"origin": f"http://{HOST}"},
    {"origin": "https://chat.example"},
    {"origin": "https://chat.example:8444"},
    {"origin": f"https://evil.example/{HOST}"},
    {"origin": f"https://evil.example@{HOST}"},
    {"origin": f"{OWN}.evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://["},
    {"origin": f"https://{HOST}:x"},
    {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
    {"origin": "https://evil.example", "x-forwarded-host": "evil.example"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "anything"},
]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "ANY"])
def test_changes_are_taken_from_our_own_page(method: str) -> None:
    for headers in OURS:
        assert client().request(method, "/x", headers=headers).status_code == 200, headers
    for headers in FOREIGN:
        reply = client().request(method, "/x", headers=headers)
        assert reply.status_code == 403, headers
        assert reply.json()["detail"].startswith("This request comes from "), headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_changes_nothing_is_not_judged(method: str) -> None:
    for headers in FOREIGN:
        assert client().request(method, "/x", headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/chat/ws/socket.io", "/chat/ws/socket.io/"])
def test_the_polling_socket_is_our_own_pages(method: str, path: str) -> None:
    for headers in OURS:
        assert client().request(method, path, headers=headers).status_code == 200
    for headers in FOREIGN:
        assert client().request(method, path, headers=headers).status_code == 403


def test_the_websocket_is_our_own_pages() -> None:
    for headers in OURS:
        with client().websocket_connect("wss://" + HOST + "/any", headers=headers):
            pass
    for headers in FOREIGN:
        with (
            pytest.raises(WebSocketDisconnect),
            client().websocket_connect("wss://" + HOST + "/any", headers=headers),
        ):
            pass


def test_two_origins_are_as_good_as_the_worse() -> None:
    headers: Any = [("origin", OWN), ("origin", "https://evil.example")]
    assert client().post("/x", headers=headers).status_code == 403


def test_others_can_be_allowed() -> None:
    allowing = client("https://intranet.example", "http://localhost:3000")
    for origin in ("https://intranet.example", "https://intranet.example:443", OWN):
        assert allowing.post("/x", headers={"origin": origin}).status_code == 200
    for origin in ("http://intranet.example", "http://localhost:3001", "null"):
        assert allowing.post("/x", headers={"origin": origin}).status_code == 403


def test_behind_a_proxy_the_page_has_come_by_https() -> None:
    """No page can add that header to a request of its own to another origin."""
    proxied = client(url="http://chat.example")
    headers = {"origin": "https://chat.example", "x-forwarded-proto": "https"}
    assert proxied.post("/x", headers=headers).status_code == 200
    assert proxied.post("/x", headers={"origin": "https://chat.example"}).status_code == 403
    headers["origin"] = "https://evil.example"
    assert proxied.post("/x", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("https://a", ("https", "a", 443)),
        ("http://A:80", ("http", "a", 80)),
        ("http://[::1]:8000", ("http", "::1", 8000)),
        ("http://a:99999", None),
        ("ftp://a", None),
        ("a", None),
    ],
)
def test_an_origin_is_scheme_host_and_port(given: str, found: object) -> None:
    assert origin_of(given) == found
