"""Chainlit is changed in these tests, and given back as it was."""

from collections.abc import Iterator

import pytest


@pytest.fixture
def _unpatched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from chainlit.server import app

    from patches import originals

    # Before what the test itself has changed is changed back.
    del monkeypatch
    yield
    originals.restore()
    app.state.keepchat_originals = {}
