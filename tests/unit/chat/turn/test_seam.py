"""Where an answer is gone on with: nothing is there twice, and no words run together."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat.turn.seam import LOOKED_AT, Seam

FOX = "The quick brown fox jumps over the lazy"


def joined(text: str, *pieces: str) -> str:
    seam = Seam(text)
    return text + "".join(seam.feed(piece) for piece in pieces) + seam.end()


@pytest.mark.parametrize(
    ("text", "more", "whole"),
    [
        # What is said again
        (FOX, "over the lazy dog.", f"{FOX} dog."),
        (FOX, " jumps over the lazy dog.", f"{FOX} dog."),
        (FOX, "…jumps over the lazy dog.", f"{FOX} dog."),
        (FOX, f"{FOX} dog.", f"{FOX} dog."),
        (f"{FOX} ", "over the lazy dog.", f"{FOX} dog."),
        (f"{FOX} ", "over the lazy  dog.", f"{FOX} dog."),
        (f"{FOX} do", "over the lazy dog.", f"{FOX} dog."),
        (f"{FOX} dog.", "over the lazy dog.\n\nThen", f"{FOX} dog.\n\nThen"),
        (FOX, "over the lazy", FOX),
        ("ha ha ha ha ha", "ha ha ha ha ha ho", "ha ha ha ha ha ho"),
        (
            "今天天气很好，我们一起去公园",
            "我们一起去公园散步。",
            "今天天气很好，我们一起去公园散步。",
        ),
        # Too little to be sure
        (FOX, "lazy dog.", f"{FOX} lazy dog."),
        ("She said that", "that is so", "She said that that is so"),
        ("好的", "好的呀", "好的好的呀"),
        # A word that was cut in two
        ("It is extraord", "extraordinary", "It is extraordinary"),
        ("It is a", "amazing", "It is a amazing"),
        # Blanks and ellipses
        (FOX, "dog.", f"{FOX} dog."),
        (FOX, " dog.", f"{FOX} dog."),
        (FOX, "... dog.", f"{FOX} dog."),
        (FOX, "…dog.", f"{FOX} dog."),
        (FOX, "...", FOX),
        (FOX, ".", f"{FOX}."),
        (FOX, ", and on.", f"{FOX}, and on."),
        (f"{FOX} ", " dog.", f"{FOX} dog."),
        (f"{FOX} ", "\ndog.", f"{FOX} \ndog."),
        ("So it is.", "Then", "So it is. Then"),
        ("It isn'", "t so", "It isn't so"),
        ("well-", "known", "well-known"),
        ("19", "98", "1998"),
        ("3.", "14", "3.14"),
        ("chapter", "3", "chapter 3"),
        ("in (", "short)", "in (short)"),
        ("我们可以", "继续", "我们可以继续"),
        ("我们用", "Python", "我们用Python"),
        ("안녕", "하세요", "안녕 하세요"),
        # Lines
        ("One.\n", "\n\nTwo.", "One.\n\nTwo."),
        ("One.\n\n", "\n\nTwo.", "One.\n\nTwo."),
        ("One.\n\n", " Two.", "One.\n\n Two."),
        ("One.", "\n\nTwo.", "One.\n\nTwo."),
        # Code
        ("```py\nif x:\n", "    return\n", "```py\nif x:\n    return\n"),
        ("```py\nif x:\n", "\n    return\n", "```py\nif x:\n    return\n"),
        ("```py\nfoo.", "bar()", "```py\nfoo.bar()"),
        ("```py\ndef f():\n    ", "...\n", "```py\ndef f():\n    ...\n"),
        ("```py\nx = 1\n```\nThat", "is all", "```py\nx = 1\n```\nThat is all"),
    ],
)
def test_what_follows_fits(text: str, more: str, whole: str) -> None:
    assert joined(text, more) == whole
    assert joined(text, *more) == whole, "letter by letter"


def test_only_the_beginning_is_held_back() -> None:
    seam = Seam(FOX)
    assert [seam.feed(piece) for piece in ("over", " the ", "moon", " over", " the lazy")] == [
        "", "", " over the moon", " over", " the lazy",
    ]  # fmt: skip
    assert seam.held == ""


def test_what_is_held_back_is_known() -> None:
    seam = Seam(FOX)
    assert seam.feed("over the") == ""
    assert seam.held == "over the"


@given(st.lists(st.text()))
def test_after_nothing_all_is_as_it_was_said(pieces: list[str]) -> None:
    seam = Seam("")
    assert [seam.feed(piece) for piece in pieces] == pieces
    assert seam.end() == ""


WORDS = st.lists(st.sampled_from(["a", "fox", "the", "…", ".", "\n", " ", "好", "1"]), max_size=40)
TEXTS = st.lists(st.sampled_from(["a ", "fox", "the", "…", ". ", "\n", " ", "好", "1"]), min_size=1)


@given(TEXTS, WORDS)
@example(["a fox "], ["a", " ", "fox"])
def test_however_it_comes_the_whole_is_the_same(text: list[str], more: list[str]) -> None:
    before = "".join(text)
    assert joined(before, *more) == joined(before, "".join(more))


@given(TEXTS, WORDS)
def test_what_was_there_stays_and_nothing_but_blanks_and_words_said_again_is_lost(
    text: list[str], more: list[str]
) -> None:
    before, said = "".join(text), "".join(more)
    added = joined(before, said)[len(before) :]
    bare = "".join(said.split())
    assert bare.endswith("".join(added.split()))
    lost = bare.removesuffix("".join(added.split())).lstrip("….")
    assert "".join(before.split()).endswith(lost)


@given(st.integers(min_value=12, max_value=LOOKED_AT), st.integers(min_value=1, max_value=50))
def test_so_much_may_be_said_again(length: int, cut: int) -> None:
    """Of a text in which nothing is said twice."""
    text = " ".join(f"{number}th" for number in range(500))
    at = len(text) - length
    said = text[at:] + " and on"
    pieces = [said[start : start + cut] for start in range(0, len(said), cut)]
    assert joined(text, *pieces) == f"{text} and on" or not text[at].strip()
