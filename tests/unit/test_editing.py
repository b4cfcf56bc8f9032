"""What an edit of a question takes with it."""

import pytest

from chat.editing import after

STEPS = [
    {"id": "q1", "type": "user_message"},
    {"id": "r1", "type": "run"},
    {"id": "a1", "type": "assistant_message"},
    {"id": "q2", "type": "user_message"},
]


def test_all_that_follows_goes() -> None:
    assert [step["id"] for step in after(STEPS, "q1")] == ["r1", "a1", "q2"]
    assert after(STEPS, "q2") == []


@pytest.mark.parametrize("absent", ["a1", "elsewhere"])
def test_only_a_question_of_this_thread_can_be_edited(absent: str) -> None:
    with pytest.raises(LookupError):
        after(STEPS, absent)
