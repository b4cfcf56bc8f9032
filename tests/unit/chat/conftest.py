"""A conversation without a browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.conversation import Conversation, conversation


@pytest.fixture
async def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Conversation]:
    """A new conversation."""
    async with conversation(tmp_path, monkeypatch) as opened:
        yield opened
