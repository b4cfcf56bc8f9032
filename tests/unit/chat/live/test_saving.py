"""What pages are told of what is written: once each, and not of what is over in a moment."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
from chainlit.session import WebsocketSession

from chat.live import saving as saving_module
from chat.live.saving import SavingNotice
from common.concurrency.tasks import TaskSet
from datalayer.records import Saving
from tests.support.waiting import until

PAGES = [cast(WebsocketSession, "one"), cast(WebsocketSession, "two")]


class Told:
    """A line that keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int]] = []

    def is_open(self, page: WebsocketSession) -> bool:
        return True

    async def send(self, event: str, data: Any, pages: Sequence[WebsocketSession]) -> None:
        assert event == "window_message"
        self.sent.append((data["keepchatSaving"], len(pages)))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def notice(told: Told, monkeypatch: pytest.MonkeyPatch) -> Iterator[SavingNotice]:
    monkeypatch.setattr(saving_module, "all_pages", lambda: PAGES)
    monkeypatch.setattr(saving_module, "SOON_S", dict.fromkeys(Saving, 0.01))
    made = SavingNotice(told, TaskSet())
    yield made
    made.stop()


async def test_all_pages_are_told_once_that_it_is_delayed_and_that_it_has_caught_up(
    notice: SavingNotice, told: Told
) -> None:
    for state in (Saving.DELAYED, Saving.SAVED):
        for _ in range(3):
            notice.note(state)
        await until(lambda: told.sent[-1:] == [(state.value, 2)], "what is told")  # noqa: B023
    assert told.sent == [("delayed", 2), ("saved", 2)]


async def test_what_is_over_in_a_moment_is_not_told(notice: SavingNotice, told: Told) -> None:
    loop = asyncio.get_running_loop()
    for state in (Saving.DELAYED, Saving.SAVED, Saving.REFUSED, Saving.SAVED):
        notice.note(state)
    later: asyncio.Future[None] = loop.create_future()
    loop.call_later(0.02, later.set_result, None)  # after all that could be told
    await later
    assert told.sent == []


async def test_a_page_that_comes_is_told_as_it_is(notice: SavingNotice, told: Told) -> None:
    await notice.tell(PAGES[0])
    notice.note(Saving.REFUSED)
    await until(lambda: len(told.sent) == 2, "what all are told")
    await notice.tell(PAGES[0])
    assert told.sent == [("saved", 1), ("refused", 2), ("refused", 1)]
