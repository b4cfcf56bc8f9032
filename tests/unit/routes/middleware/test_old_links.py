"""Links of before an adoption lead to where the thread is now."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from datalayer.values import derived_id
from routes.middleware.old_links import OldLinks

THREAD = "b8446485-c61d-4a10-9978-33434bcad79b"


async def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("page")


def client(prefix: str = "") -> TestClient:
    app = Starlette(routes=[Route("/{path:path}", page)])
    return TestClient(OldLinks(app, prefix), follow_redirects=False)


@pytest.mark.parametrize("prefix", ["", "/chat"])
@pytest.mark.parametrize("view", ["thread", "share"])
def test_an_old_id_leads_to_the_new_one(prefix: str, view: str) -> None:
    found = client(prefix).get(f"{prefix}/{view}/C123.4%20%C3%BC?a=b")
    assert found.status_code == 307
    new = derived_id("thread", "C123.4 ü")
    assert found.headers["location"] == f"{prefix}/{view}/{new}?a=b"


@pytest.mark.parametrize(
    "path",
    [f"/thread/{THREAD}", f"/share/{THREAD.upper()}", "/project/thread/x", "/"],
)
def test_everything_else_goes_on(path: str) -> None:
    assert client().get(path).text == "page"
