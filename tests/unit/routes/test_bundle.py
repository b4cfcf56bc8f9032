"""The page's script, with what is changed in it."""

import gzip
import re
from pathlib import Path

import pytest
from chainlit.server import build_dir
from fastapi import FastAPI
from starlette.testclient import TestClient

from routes.bundle import ADDRESSES, SEAMS, bundle_router, changed

ASSETS = Path(build_dir) / "assets"
[BUNDLE] = ASSETS.glob("index-*.js")


@pytest.mark.slow
def test_chainlits_script_has_each_address_and_each_seam_once() -> None:
    script = BUNDLE.read_text(encoding="utf-8")
    for before, address in ADDRESSES:
        assert script.count(before + address) == 1, address
        assert changed(script, "/chat").count(f"{before}/chat{address}") == 1
    for written, instead in SEAMS:
        assert script.count(written) == 1, written
        assert changed(script, "").count(instead) == 1


def test_formulas_have_the_style_of_the_katex_that_draws_them() -> None:
    page = (Path(build_dir) / "index.html").read_text(encoding="utf-8")
    [version] = re.findall(r"katex@([\d.]+)/", page)
    public = Path(__file__).parents[3] / "public"
    drawing = (public / "page/markdown/draw.js").read_text(encoding="utf-8")
    [style] = re.findall(r'"public/(vendor/\S+\.css)"', drawing)
    assert f"katex-{version}/" in style
    assert (public / style).is_file()


@pytest.fixture(params=["", "/chat"])
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(prefix: str) -> TestClient:
    app = FastAPI()
    app.include_router(bundle_router(ASSETS, prefix))
    return TestClient(app)


@pytest.mark.slow
def test_it_is_sent_again_only_if_it_has_changed(client: TestClient, prefix: str) -> None:
    path = f"{prefix}/assets/{BUNDLE.name}"
    first = client.get(path)
    assert first.headers["content-type"].startswith("application/javascript")
    assert f'"{prefix}/assets/pdf.worker' in first.text
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.slow
def test_it_is_compressed_for_who_can_read_that(client: TestClient, prefix: str) -> None:
    path = f"{prefix}/assets/{BUNDLE.name}"
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as compressed:
        sent = b"".join(compressed.iter_raw())
    assert compressed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(sent) == plain.content
