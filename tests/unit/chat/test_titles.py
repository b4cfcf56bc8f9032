"""A model's words become a title."""

import pytest

from chat.turn.titles import LONGEST, clean


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Rare birds", "Rare birds"),
        ('\n "Rare birds." \nbecause…', "Rare birds"),
        ("**Title: Rare birds**", "Title: Rare birds"),
        ("Title: Rare birds", "Rare birds"),
        ("《北京》介绍。", "《北京》介绍"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_ornament_goes(said: str, title: str) -> None:
    assert clean(said) == title


def test_a_long_title_is_cut() -> None:
    title = clean("word " * 40)
    assert len(title) <= LONGEST
    assert title.endswith("…")
