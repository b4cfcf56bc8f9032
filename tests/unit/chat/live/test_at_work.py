"""Which threads are at work is told to a user's own pages: soon, and what is over by then not."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from chainlit.session import WebsocketSession

from chat.live import offers
from chat.live.offers import AtWork
from common.concurrency.tasks import TaskSet
from tests.support.waiting import until


def page_of(name: str) -> WebsocketSession:
    return cast(WebsocketSession, SimpleNamespace(user=SimpleNamespace(identifier=name)))


ADA, BOB = page_of("ada"), page_of("bob")


class Told:
    """A line that keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[WebsocketSession, list[str]]] = []

    def is_open(self, page: WebsocketSession) -> bool:
        return True

    async def send(self, event: str, data: Any, pages: Sequence[WebsocketSession]) -> None:
        assert event == "window_message"
        self.sent += [(page, data["keepchatRunning"]) for page in pages]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr(offers, "all_pages", lambda: [ADA, BOB])
    monkeypatch.setattr(offers, "SOON_S", 0.01)
    return Told()


@pytest.fixture
def at_work(told: Told) -> AtWork:
    return AtWork(told, TaskSet())


async def test_who_has_a_thread_at_work_is_told(at_work: AtWork, told: Told) -> None:
    at_work.begin("ada", "hers")
    await until(lambda: bool(told.sent), "what is told")
    assert told.sent == [(ADA, ["hers"])]
    at_work.end("ada", "hers")
    await until(lambda: len(told.sent) == 2, "what is told")
    assert told.sent[1:] == [(ADA, [])]


async def test_all_that_changes_in_a_moment_is_told_at_once(at_work: AtWork, told: Told) -> None:
    for thread in ("one", "two", "three"):
        at_work.begin("ada", thread)
    at_work.begin("bob", "his")
    at_work.end("ada", "two")
    await until(lambda: len(told.sent) >= 2, "what is told")
    assert told.sent == [(ADA, ["one", "three"]), (BOB, ["his"])]


async def test_who_comes_is_told_at_once(at_work: AtWork, told: Told) -> None:
    at_work.begin("ada", "hers")
    await at_work.tell(ADA)
    await at_work.tell(BOB)
    assert told.sent == [(ADA, ["hers"]), (BOB, [])]
    await until(lambda: len(told.sent) == 3, "what is told soon")
