"""What somebody else has locked is tried again for a while, and nothing else is."""

from collections.abc import Sequence

import pytest

from common.concurrency.retry import RetryPolicy
from datalayer.errors import StoreHeldUp, StoreUnavailable, ThreadsLocked, WriteRejected
from datalayer.pipeline import locks
from datalayer.pipeline.locks import apply_when_free
from datalayer.records import Outcome, Result
from datalayer.stores.memory import MemoryStore
from datalayer.writes import Write
from tests.support.builders import get_step, new_id, step
from tests.support.pauses import skip_pauses


class FailingStore(MemoryStore):
    """A store that fails some times before it takes anything."""

    def __init__(self, error: Exception, failures: int) -> None:
        super().__init__()
        self.error = error
        self.failures = failures
        self.calls = 0

    async def apply(self, writes: Sequence[Write]) -> list[Result]:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return await super().apply(writes)


HELD_UP = [ThreadsLocked(["a"]), StoreHeldUp("a lock")]


@pytest.mark.parametrize("error", HELD_UP)
async def test_what_is_locked_is_stored_when_it_is_free(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    pauses = skip_pauses(monkeypatch)
    store = FailingStore(error, 7)
    write = step(new_id(), output="x")
    [result] = await apply_when_free(store, [write])
    assert result.outcome is Outcome.APPLIED
    assert (await get_step(store, write)).fields["output"] == "x"
    assert pauses == [0.005, 0.01, 0.02, 0.04, 0.08, 0.1, 0.1]


@pytest.mark.parametrize("error", HELD_UP)
async def test_what_stays_locked_is_given_up(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    quick = RetryPolicy(first_pause_s=0.001, longest_pause_s=0.002, limit_s=0.01)
    monkeypatch.setattr(locks, "RETRY", quick)
    store = FailingStore(error, 1_000)
    with pytest.raises(type(error)):
        await apply_when_free(store, [step(new_id(), output="x")])
    assert store.calls > 1


@pytest.mark.parametrize("error", [StoreUnavailable("away"), WriteRejected("bad"), ValueError()])
async def test_nothing_else_is_tried_again(error: Exception) -> None:
    store = FailingStore(error, 1)
    with pytest.raises(type(error)):
        await apply_when_free(store, [step(new_id(), output="x")])
    assert store.calls == 1
