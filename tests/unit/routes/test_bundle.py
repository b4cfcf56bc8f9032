"""The page's script below a path."""

from pathlib import Path

from chainlit.server import build_dir
from fastapi import FastAPI
from starlette.testclient import TestClient

from routes.bundle import ADDRESSES, below, bundle_router

ASSETS = Path(build_dir) / "assets"
[BUNDLE] = ASSETS.glob("index-*.js")


def test_chainlits_script_has_each_address_once() -> None:
    script = BUNDLE.read_text(encoding="utf-8")
    for before, address in ADDRESSES:
        assert script.count(before + address) == 1, address
        assert below("/chat", script).count(f"{before}/chat{address}") == 1


def test_it_is_sent_again_only_if_it_has_changed() -> None:
    app = FastAPI()
    app.include_router(bundle_router(ASSETS, "/chat"))
    client = TestClient(app)
    path = f"/chat/assets/{BUNDLE.name}"
    first = client.get(path)
    assert first.headers["content-type"].startswith("application/javascript")
    assert '"/chat/assets/pdf.worker' in first.text
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_without_a_path_chainlits_own_is_sent() -> None:
    assert bundle_router(ASSETS, "").routes == []
