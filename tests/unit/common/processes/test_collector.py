"""The garbage collector is off while a program is imported, and no longer."""

import gc

import pytest

from common.processes import collector


def test_it_is_off_at_the_first_load_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not collector.pause()  # something is frozen: this is no first load
    assert gc.isenabled()
    monkeypatch.setattr(gc, "get_freeze_count", lambda: 0)
    assert collector.pause()
    assert not gc.isenabled()
    assert not collector.pause()  # somebody else has turned it off
    collector.resume()
    assert gc.isenabled()
