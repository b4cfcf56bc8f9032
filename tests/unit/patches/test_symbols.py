"""What we use of Chainlit is there, as it was, and is written down with what for.

Chainlit is changed from outside, in places that it promises to nobody. A version that moves one of
them fails here, by a sentence that says who needs it.
"""

import importlib

import chainlit
import chainlit.emitter  # which a name in a string does not import
import chainlit.server
import pytest

from settings import ROOT
from tests.unit.patches.symbol_checker import complaints
from tests.unit.patches.symbol_collector import Collector, Uses, collect


@pytest.fixture(scope="module")
def collected() -> tuple[Uses, Uses]:
    return collect(ROOT)


@pytest.fixture
def uses(collected: tuple[Uses, Uses]) -> Uses:
    return collected[0]


def test_what_is_used_is_there_as_it_was_and_written_down(uses: Uses) -> None:
    assert list(complaints(uses)) == []


def test_only_patches_replace_anything(collected: tuple[Uses, Uses]) -> None:
    _, replaced = collected
    assert rooms(replaced, "") == {"patches"}


def test_only_patches_and_routes_know_the_server(uses: Uses) -> None:
    assert rooms(uses, "chainlit.server") == {"app.py", "patches", "routes"}


def rooms(uses: Uses, beginning: str) -> set[str]:
    """Return where symbols with a beginning are used."""
    files = (files for symbol, files in uses.items() if symbol.startswith(beginning))
    return {file.partition("/")[0] for found in files for file in found}


# That it would be seen


def sentences(uses: Uses, about: str) -> list[str]:
    return [sentence for sentence in complaints(uses) if about in sentence]


def test_what_is_gone_is_said(uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chainlit, "__version__", "2.13.0")
    monkeypatch.delattr("chainlit.server.update_feedback")
    monkeypatch.delattr("chainlit.session.WebsocketSession.get_by_id")
    monkeypatch.delitem(chainlit.server.sio.handlers["/"], "edit_message")
    assert list(complaints(uses)) == [
        "Chainlit 2.13.0 has no chainlit.server.update_feedback. "
        "patches/http/guarded_routes.py relies on it: called once it is known whose it is.",
        "Chainlit 2.13.0 has no chainlit.session.WebsocketSession.get_by_id. "
        "access/guard/owners.py, access/guard/pages.py, patches/socket/returning.py, "
        "routes/files/session_files.py, routes/temporary.py relies on it: the page that sends an "
        "event, or that a request names.",
        "Chainlit 2.13.0 has no event edit_message. "
        "patches/socket/handlers.py, patches/socket/message_length.py relies on it: "
        "all that follows is removed.",
    ]


def test_a_route_that_is_gone_is_said(uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    router = chainlit.server.router
    kept = [route for route in router.routes if getattr(route, "path", "") != "/project/action"]
    monkeypatch.setattr(router, "routes", kept)
    [sentence] = complaints(uses)
    assert "has no POST /project/action. Before it, ours asks whose session it is." in sentence


@pytest.mark.slow
def test_what_takes_something_else_is_said(uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    async def init_thread(self: object, thread_id: str, interaction: str) -> None:
        """As another version may have it."""

    monkeypatch.setattr("chainlit.emitter.ChainlitEmitter.init_thread", init_thread)
    [sentence] = complaints(uses)
    assert "init_thread(self thread_id interaction), no longer (self interaction)" in sentence
    assert "patches/http/page.py relies on it" in sentence


def test_an_attribute_that_instances_have_no_more_is_said(
    uses: Uses, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Session:
        def __init__(self) -> None:
            self.thread_id = ""

    monkeypatch.setattr("chainlit.session.WebsocketSession", Session)
    assert sentences(uses, "WebsocketSession().token")
    assert not sentences(uses, "WebsocketSession().thread_id.")


def test_a_package_instead_of_an_object_is_said(
    uses: Uses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chainlit, "context", importlib.import_module("chainlit.context"))
    assert sentences(uses, "has no chainlit.context.")


def test_what_nobody_wrote_down_or_uses_is_said(uses: Uses) -> None:
    [sentence] = complaints({**uses, "chainlit.server.connect_mcp": {"routes/mcp.py"}})
    assert sentence.startswith("routes/mcp.py uses chainlit.server.connect_mcp: write down")
    kept = {symbol: files for symbol, files in uses.items() if symbol != "chainlit.on_message"}
    assert list(complaints(kept)) == [
        "Nothing uses chainlit.on_message any more: take it out of symbol_table.py."
    ]


@pytest.mark.parametrize(
    ("source", "symbol"),
    [
        ("from chainlit.server import mcp", "chainlit.server.mcp"),
        ("import chainlit as cl\ncl.Image", "chainlit.Image"),
        ("import chainlit.data\nchainlit.data.acl", "chainlit.data.acl"),
        ("import chainlit as cl\ncl.context.session.files", "WebsocketSession().files"),
        ("import chainlit as cl\ndef f(m: cl.Message | None): m.modes", "Message().modes"),
        (
            "from chainlit.session import WebsocketSession as S\ns = S.get('')\ns.environ",
            "WebsocketSession().environ",
        ),
        (
            "import chainlit as cl\nclass A:\n"
            " def use(self): return self.m.elements\n def __init__(self): self.m = cl.Message('')",
            "Message().elements",
        ),
        (
            "from chainlit.session import ws_sessions_id\n"
            "[s.language for s in ws_sessions_id.values()]",
            "WebsocketSession().language",
        ),
        ("from chainlit import server\nreplace(server, 'lifespan', f)", "chainlit.server.lifespan"),
        ("wrap('audio_start', f)", "event audio_start"),
    ],
)
def test_uses_are_found(source: str, symbol: str) -> None:
    assert [found for found in Collector(source).used if found.endswith(symbol)]


def test_replacements_are_found() -> None:
    source = "from chainlit.config import config\nconfig.ui.name = ''\nwrap('stop', f)"
    assert Collector(source).replaced == {"chainlit.config.config.ui.name", "event stop"}
