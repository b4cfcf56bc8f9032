"""The page as it is sent: nothing of other sites in it, and no script but its own."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import chainlit.server
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from access.guard.limits import UploadLimits
from access.guard.origins import Origins
from chat.wording.language import ASKED
from patches import originals
from patches.http import page
from patches.patch import Parts
from routes.middleware.headers import SecurityHeaders, policy
from settings import ROOT

pytestmark = pytest.mark.usefixtures("_unpatched")


LIMITS = UploadLimits(files=2, megabytes=3, types=("image/*", ".txt"), characters=4_000)
PARTS = cast(Parts, SimpleNamespace(login=SimpleNamespace(is_personal=True), limits=LIMITS))
THEME = json.loads((ROOT / "public" / "theme.json").read_text())["variables"]


class Addresses(HTMLParser):
    """Collects all addresses in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for _, value in attrs if value and "//" in value]


def test_chainlits_page_names_no_other_site_and_each_script_by_its_hash() -> None:
    page.send_offline_page(PARTS)
    originals.restore()
    page.send_offline_page(PARTS)  # as a reload of the code does
    html = chainlit.server.get_html_template("/chat")
    addresses = Addresses()
    addresses.feed(html)
    assert addresses.found == []
    assert "amazonaws" not in html
    assert html.count("Content-Security-Policy") == 1
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        assert f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in html
    assert 'src="/chat/assets/' in html


def test_the_page_knows_what_a_message_may_have() -> None:
    page.send_offline_page(PARTS)
    html = chainlit.server.get_html_template("")
    [told] = re.findall(r'<meta name="keepchat-limits" content="([^"]*)"', html)
    assert json.loads(unescape(told)) == {
        "characters": 4_000,
        "files": 2,
        "fileBytes": 3_000_000,
        "takesText": True,
    }


@pytest.mark.parametrize(
    ("types", "are_taken"),
    [(("*/*",), True), (("text/*",), True), (("image/*", ".md"), False), ((".txt",), True)],
)
def test_whether_a_pasted_text_can_be_a_file(types: tuple[str, ...], are_taken: bool) -> None:
    assert page.takes_text(types) is are_taken


def test_only_a_page_with_custom_elements_may_make_scripts_of_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "APP_ROOT", str(tmp_path))
    page.send_offline_page(PARTS)
    folder = tmp_path / "public" / "elements" / "charts"
    assert "unsafe-eval" not in chainlit.server.get_html_template("")
    folder.mkdir(parents=True)
    (folder / "README.md").touch()
    assert "unsafe-eval" not in chainlit.server.get_html_template("")
    (folder / "Counter.jsx").touch()
    html = chainlit.server.get_html_template("")
    assert len(re.findall(r"script-src 'self' ['\w+/= -]+ 'unsafe-eval';", html)) == 1


@pytest.mark.parametrize(
    ("language", "beginning"),
    [
        ("en-US", "# Using"),
        ("de-AT", "# Keepchat benutzen"),
        ("fr-FR", "# Using"),
        ("zh-CN", "# 使用"),
        ("zh-TW", "# 使用"),
    ],
)
def test_the_help_is_in_the_readers_language(language: str, beginning: str) -> None:
    assert (page.help_text(str(ROOT), language) or "").startswith(beginning)


def test_every_answer_has_the_headers_and_keeps_its_own_policy() -> None:
    own = {"Content-Security-Policy": "sandbox", "Referrer-Policy": "no-referrer"}

    async def html(request: Request) -> Response:
        return HTMLResponse("<p>", headers=own if request.url.query else {})

    async def text(request: Request) -> Response:
        return PlainTextResponse("text")

    async def public(request: Request) -> Response:
        return PlainTextResponse("text")

    routes = [Route("/html", html), Route("/text", text), Route("/public/a.js", public)]
    app = SecurityHeaders(Starlette(routes=routes), Origins(("https://other.example",)))
    client = TestClient(app)
    reply = client.get("/html")
    sockets = ("ws://testserver", "wss://testserver", "wss://other.example:443")
    assert reply.headers["content-security-policy"] == policy("", sockets)
    assert "connect-src 'self' data: blob: ws://testserver wss://testserver" in policy("", sockets)
    assert "cache-control" not in reply.headers
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "same-origin"
    reply = client.get("/html?own")
    assert reply.headers["content-security-policy"] == "sandbox"
    assert reply.headers["referrer-policy"] == "no-referrer"
    reply = client.get("/text")
    assert "content-security-policy" not in reply.headers
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-store"
    assert "cache-control" not in client.get("/public/a.js").headers

    async def origin() -> str:
        return "https://files.example"

    redirecting = SecurityHeaders(
        Starlette(routes=[Route("/html", html)]), Origins(), origin=origin
    )
    found = TestClient(redirecting).get("/html").headers["content-security-policy"]
    assert found == policy("https://files.example", sockets[:2])
    for media in ("img-src", "media-src"):
        assert f"{media} 'self' data: blob: https://files.example;" in found
    assert found.count("https://files.example") == 2


PAIRS = [
    ("background", "foreground"),
    ("background", "primary"),
    ("background", "muted-foreground"),
    ("muted", "muted-foreground"),
    ("card", "card-foreground"),
    ("popover", "popover-foreground"),
    ("primary", "primary-foreground"),
    ("secondary", "secondary-foreground"),
    ("accent", "accent-foreground"),
    ("accent", "muted-foreground"),
    ("destructive", "destructive-foreground"),
    ("sidebar-background", "sidebar-foreground"),
    ("sidebar-background", "muted-foreground"),
    ("sidebar-accent", "sidebar-accent-foreground"),
]


@pytest.mark.parametrize("pair", PAIRS, ids="/".join)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_as_wcag_aa_asks_for(theme: str, pair: tuple[str, str]) -> None:
    lighter, darker = sorted((_luminance(THEME[theme][f"--{name}"]) for name in pair), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_both_themes_set_the_same() -> None:
    """What only one of them set would stay when the other is chosen."""
    assert THEME["light"].keys() == THEME["dark"].keys()


def _luminance(triple: str) -> float:
    hue, saturation, lightness = (float(part.rstrip("%")) for part in triple.split())
    chroma = saturation / 100 * min(lightness / 100, 1 - lightness / 100)

    def channel(n: int) -> float:
        k = (n + hue / 30) % 12
        value = lightness / 100 - chroma * max(-1, min(k - 3, 9 - k, 1))
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    return 0.2126 * channel(0) + 0.7152 * channel(8) + 0.0722 * channel(4)


@pytest.mark.parametrize(
    ("asked", "tag", "words"),
    [("de-CH,de;q=0.9", "de-DE", "Drucken"), ("zh-TW", "zh-CN", None), ("eo", "en-US", None)],
)
def test_the_page_comes_in_the_readers_language(asked: str, tag: str, words: str | None) -> None:
    asking = ASKED.set(asked)
    try:
        html = page.offline(chainlit.server.get_html_template, parts=PARTS)("")
    finally:
        ASKED.reset(asking)
    assert f'<html data-keepchat-personal lang="{tag}">' in html
    assert "interactive-widget=resizes-content" in html
    assert ('name="keepchat-words"' in html, str(words) in html) == (bool(words), bool(words))
