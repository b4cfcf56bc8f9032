"""The line below an answer that is not whole."""

from typing import Any, get_args

import pytest

from chat.wording.endings import Ended, State, ending_line
from settings import ROOT

STATES = {state for group in get_args(State) for state in (get_args(group) or [group])}


def test_each_state_but_one_has_a_line_in_both_languages() -> None:
    assert {*get_args(Ended)} < STATES
    for state in STATES - {"done"}:
        english, chinese = ending_line(state, "en-US,en"), ending_line(state, "zh-CN,zh")
        assert english.isascii()
        assert english.endswith(".")
        assert not chinese.isascii()
        assert chinese.endswith("。")
        assert ending_line(state, None) == english


@pytest.mark.parametrize("state", ["done", "odd", "", None, 1, ["stopped"]])
def test_of_what_is_whole_or_unknown_nothing_is_said(state: Any) -> None:
    assert ending_line(state, "en") == ""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_says_the_same(language: str) -> None:
    page = (ROOT / "public" / "page" / "answers" / "parts.js").read_text(encoding="utf-8")
    for state in STATES - {"done"}:
        assert f'{language}: "{ending_line(state, language)}"' in page
