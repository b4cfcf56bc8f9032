"""What may be kept of what a person wants always, and what of it a new conversation begins with."""

from typing import Any

import pytest

from chat.preferences import (
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_BYTES,
    MOST_PROMPTS,
    PreferenceRefused,
    checked,
    chosen_of,
    prompts_of,
    size_of,
)


def judged(kept: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    return checked(changed, kept or {}, models=["small", "large"], longest_answer=5_000)


def test_what_may_be_is_kept_without_blanks_around_it() -> None:
    assert judged(
        about_user="  a nurse \n", model="large", temperature="0.30", answer_tokens=64
    ) == {"about_user": "a nurse", "model": "large", "temperature": "0.3", "answer_tokens": 64}


def test_what_says_nothing_is_as_by_default() -> None:
    assert judged(about_user=" \n", model=None) == {"about_user": None, "model": None}


@pytest.mark.parametrize(
    "wrong",
    [
        {"about_user": "x" * (LONGEST_TEXT + 1)},
        {"answer_style": 7},
        {"system_prompt": ["x"]},
        {"model": "gone"},
        {"model": ["small"]},
        {"temperature": "hot"},
        {"temperature": "9"},
        {"temperature": "nan"},
        {"temperature": True},
        {"answer_tokens": 63},
        {"answer_tokens": 5_001},
        {"answer_tokens": True},
        {"answer_tokens": "700"},
        {"prompt.1000": {"name": "Tone", "text": "x"}},
        {"prompt.01": {"name": "Tone", "text": "x"}},
        {"prompt.1": "x"},
        {"prompt.1": {"name": "Tone"}},
        {"prompt.1": {"name": " ", "text": "x"}},
        {"prompt.1": {"name": "Tone", "text": ""}},
        {"prompt.1": {"name": "a\nb", "text": "x"}},
        {"prompt.1": {"name": "Tone", "text": "x", "more": 1}},
        {"prompt.1": {"name": 1, "text": "x"}},
        {"prompt.1": {"name": "x" * (LONGEST_NAME + 1), "text": "x"}},
        {"prompt.1": {"name": "Tone", "text": "x" * (LONGEST_TEXT + 1)}},
        {"prompt.1": {"name": "summarize", "text": "x"}},
        {"prompt.1": {"name": "总结", "text": "x"}},
        {"favourite": "x"},
        {"favourite": None},
    ],
)
def test_what_may_not_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PreferenceRefused):
        judged(**wrong)


def test_a_text_is_counted_in_characters_of_any_script() -> None:
    assert judged(about_user="😀" * LONGEST_TEXT)["about_user"] == "😀" * LONGEST_TEXT


def test_all_that_is_kept_has_a_limit_and_less_can_always_be_kept() -> None:
    kept = {"other": "x" * (MOST_BYTES - 20)}
    assert size_of(kept) < MOST_BYTES
    with pytest.raises(PreferenceRefused, match="201 kB"):
        judged(kept, about_user="a" * 30)
    assert judged(kept | {"about_user": "a" * 30}, about_user=None) == {"about_user": None}


def test_a_conversation_begins_with_settings_and_not_with_the_rest() -> None:
    kept = {"about_user": "a nurse", "temperature": "own", "model": "large", "other": "x"}
    assert chosen_of(kept) == {"about_user": "a nurse", "temperature": "own"}


def prompt(name: str, text: str = "x") -> dict[str, str]:
    return {"name": name, "text": text}


def test_prompts_are_kept_and_told_by_name() -> None:
    kept = judged(
        **{"prompt.7": prompt(" tone 👩‍🚀 ", " In a kind tone: \n"), "prompt.0": prompt("A")}
    )
    assert kept["prompt.7"] == prompt("tone 👩‍🚀", "In a kind tone:")
    assert prompts_of(kept) == [("A", "x"), ("tone 👩‍🚀", "In a kind tone:")]
    assert prompts_of({"about_user": "a nurse"}) == []


def test_a_name_is_had_once_and_given_up_in_the_same_change() -> None:
    kept = {"prompt.1": prompt("Tone")}
    with pytest.raises(PreferenceRefused, match="TONE"):
        judged(kept, **{"prompt.2": prompt("TONE")})
    assert judged(kept, **{"prompt.2": prompt("TONE"), "prompt.1": None})
    assert judged(kept, **{"prompt.1": prompt("tone", "other")})


def test_there_are_so_many_prompts_and_the_last_can_be_changed() -> None:
    kept: dict[str, Any] = {f"prompt.{it}": prompt(f"P{it}") for it in range(MOST_PROMPTS)}
    with pytest.raises(PreferenceRefused, match="50"):
        judged(kept, **{"prompt.900": prompt("One more")})
    assert judged(kept, **{"prompt.49": prompt("The last")})
    assert judged(kept | {"prompt.900": prompt("Too many")}, about_user="x") == {"about_user": "x"}
