"""What of a thread those see with whom it is shared."""

from typing import Any

import pytest

from routes.sharing import as_shared


def shared(**step: Any) -> dict[str, Any]:
    given = {"id": "s", "type": "assistant_message", "output": "x", "revision": 1, **step}
    thread = {"id": "t", "name": "x", "createdAt": "", "steps": [given], "elements": []}
    [shown] = as_shared(thread)["steps"]
    return dict(shown)


def test_of_an_answer_it_is_told_how_it_ended_and_no_more() -> None:
    metadata = {"state": "stopped", "model": "m", "usage": {}, "icon": "brain", "siblings": ["s"]}
    told = shared(metadata=metadata)
    assert told["metadata"] == {"icon": "brain", "state": "stopped"}
    assert "revision" not in told


@pytest.mark.parametrize("step", [{"type": "user_message"}, {"type": "llm"}, {"isError": True}])
def test_of_what_is_no_answer_it_is_not(step: Any) -> None:
    assert shared(metadata={"state": "stopped"}, **step)["metadata"] == {}


@pytest.mark.parametrize("metadata", [None, {}, "odd"])
def test_of_an_old_answer_there_is_nothing_to_tell(metadata: Any) -> None:
    assert shared(metadata=metadata)["metadata"] == {}
