"""Thoughts between tags, cut anywhere."""

import pytest

from chat.models.base import Piece, Rethought
from chat.models.thoughts import ThoughtSplitter


def split(*parts: str) -> tuple[str, str]:
    """Return thoughts and answer, as who reads them has them in the end."""
    splitter = ThoughtSplitter()
    told = [it for part in parts for it in splitter.feed(part)]
    thoughts = answer = ""
    for it in [*told, *splitter.end()]:
        if isinstance(it, Rethought):
            thoughts, answer = thoughts + answer, ""
        elif it.is_thought:
            thoughts += it.text
        else:
            answer += it.text
    return thoughts, answer


CASES = {
    "plain answer": ("", "plain answer"),
    "<think>hm</think>\n\nYes.": ("hm", "Yes."),
    "\n <think>\n\n</think>\n\nYes.": ("", "Yes."),
    "<think>\nhm <b>\n</thin\n</think>Yes.": ("hm <b>\n</thin", "Yes."),
    "<THINK>hm</Think> Yes.": ("hm", "Yes."),
    "<thinking>one</thinking>\n<think>two</think>\nYes.": ("onetwo", "Yes."),
    "<thought>hm</thought>Yes.": ("hm", "Yes."),
    "<think>never ended": ("never ended", ""),
    "<think>": ("", ""),
    "<thi": ("", "<thi"),
    "<thing>": ("", "<thing>"),
    "    indented code": ("", "    indented code"),
    "Use <think>x</think> here.": ("", "Use <think>x</think> here."),
    "<think>a</think>Say <think>b</think>.": ("a", "Say <think>b</think>."),
    "<think>a</think>Say\n</think>\nb": ("a", "Say\n</think>\nb"),
    "First, hm.\n</think>\n\nYes.": ("First, hm.\n", "Yes."),
    "The tag `</think>` ends it.": ("", "The tag `</think>` ends it."),
    "```\n<think>x\n</think>\n```": ("", "```\n<think>x\n</think>\n```"),
    "a <\n</think>\nb</think>": ("a <\n", "b</think>"),
    "1 < 2 </": ("", "1 < 2 </"),
}


@pytest.mark.parametrize("text", CASES)
def test_thoughts_are_told_from_the_answer(text: str) -> None:
    assert split(text) == CASES[text]
    assert split(*text) == CASES[text], "letter by letter"
    for at in range(len(text)):
        assert split(text[:at], text[at:]) == CASES[text]


def test_nothing_is_held_back_that_is_sure() -> None:
    splitter = ThoughtSplitter()
    assert list(splitter.feed("Yes")) == [Piece("Yes")]
    assert list(splitter.feed(", <b")) == [Piece(", <b")]
    thinking = ThoughtSplitter()
    assert list(thinking.feed("<think>so </t")) == [Piece("so", is_thought=True)]
    assert list(thinking.feed("his")) == [Piece(" </this", is_thought=True)]


def test_blanks_between_thoughts_of_another_way_and_the_answer_are_left_out() -> None:
    splitter = ThoughtSplitter()
    splitter.thoughts_came()
    assert [*splitter.feed("\n\n"), *splitter.feed(" Yes\n</think>\n"), *splitter.end()] == [
        Piece("Yes\n</think>\n")
    ]
