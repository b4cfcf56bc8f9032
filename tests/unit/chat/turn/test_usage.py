"""What an answer cost, and one that was gone on with."""

from typing import Any

import pytest

from chat.models.base import Ending
from chat.turn.usage import summed, usage_of


@pytest.mark.parametrize(
    ("ending", "usage"),
    [
        (Ending(), {"output_tokens": 7, "estimated": True}),
        (Ending(input_tokens=3), {"input_tokens": 3, "output_tokens": 7, "estimated": True}),
        (Ending(input_tokens=3, output_tokens=0), {"input_tokens": 3, "output_tokens": 0}),
    ],
)
def test_what_is_not_told_is_estimated(ending: Ending, usage: dict[str, Any]) -> None:
    assert usage_of(ending, 7) == usage


@pytest.mark.parametrize(
    ("former", "usage", "total"),
    [
        (None, {"output_tokens": 7}, {"output_tokens": 7}),
        ("odd", {"output_tokens": 7}, {"output_tokens": 7}),
        ({"output_tokens": "odd"}, {"output_tokens": 7}, {"output_tokens": 7}),
        (
            {"input_tokens": 1, "output_tokens": 2},
            {"input_tokens": 3, "output_tokens": 4},
            {"input_tokens": 4, "output_tokens": 6},
        ),
        (
            {"output_tokens": 2, "estimated": True},
            {"input_tokens": 3, "output_tokens": 4},
            {"input_tokens": 3, "output_tokens": 6, "estimated": True},
        ),
        (
            {"input_tokens": 1, "output_tokens": 2},
            {"output_tokens": 4, "estimated": True},
            {"input_tokens": 1, "output_tokens": 6, "estimated": True},
        ),
    ],
)
def test_parts_are_summed(former: Any, usage: dict[str, Any], total: dict[str, Any]) -> None:
    assert summed(former, usage) == total
