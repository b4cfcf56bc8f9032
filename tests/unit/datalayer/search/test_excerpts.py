"""An excerpt shows where in a text that stands which was looked for, spelt as it is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.records import Excerpt
from datalayer.search.excerpts import LENGTH, excerpt
from datalayer.search.folding import fold
from datalayer.search.terms import terms_of


def shown(text: str, search: str) -> str:
    """The excerpt, with what is marked in brackets."""
    found = excerpt(text, terms_of(search).all)
    return "".join(f"[{part}]" if is_marked else part for part, is_marked in found.parts())


@pytest.mark.parametrize(
    ("text", "search", "expected"),
    [
        ("in Málaga and İstanbul", "istanbul malaga", "in [Málaga] and [İstanbul]"),
        ("Die Straße hier", "strasse", "Die [Straße] hier"),
        ("Die Straße hier", "as hier", "Die Str[aß]e [hier]"),
        ("a ﬁsh", "f", "a [ﬁ]sh"),
        ("e\u0301le\u0300ve", "el", "[e\u0301l]e\u0300ve"),
        ("ab\u0301c", "ab", "[ab\u0301]c"),
        ("İİİ ßßß needle", "needle", "İİİ ßßß [needle]"),
        ("ﷺ needle", "needle", "ﷺ [needle]"),
        ("文字を検索する", "検索", "文字を[検索]する"),
        ("한국어 문장", "국", "한[국]어 문장"),
        ("ｶﾞｷﾞ", "ギ", "ｶﾞ[ｷﾞ]"),
        ("مُحَمَّد", "محمد", "[مُحَمَّد]"),
        ("one\n\n  two", '"one two"', "[one two]"),
        ("  one\n\ttwo  ", "two one", "[one] [two]"),
        ("banana", "ana nan", "b[anana]"),
        ("😀 x 👍🏽", "x", "😀 [x] 👍🏽"),
        ("**Málaga** stands", "malaga", "**[Málaga]** stands"),
        ("**Málaga** `stands`", '"malaga stands"', "**[Málaga** `stands]`"),
        ("2*3 or a*", "a* 2*", "[2*]3 or [a*]"),
        ("2*3 or *a*", "*3 a", "2[*3] or *[a]*"),
        ("\uff0a\uff0aMálaga\uff0a\uff0a b", "malaga", "\uff0a\uff0a[Málaga]\uff0a\uff0a b"),
        ("张\uff0a\uff0ab", "张b", "[张\uff0a\uff0ab]"),
        ("nothing", "else", "nothing"),
        ("", "else", ""),
        ("a¨b", "b", "a¨[b]"),
    ],
)
def test_marks_are_where_the_words_are(text: str, search: str, expected: str) -> None:
    assert shown(text, search) == expected


FILLER = "lorem ipsum dolor sit amet " * 40


def test_a_long_text_is_cut_between_words() -> None:
    found = shown(f"{FILLER}the needle there {FILLER}", "needle")
    assert found.startswith("…")
    assert found.endswith("…")
    assert "the [needle] there" in found
    words = found.strip("…").replace("[", "").replace("]", "").split()
    assert set(words) <= {*FILLER.split(), "the", "needle", "there"}
    assert LENGTH - 30 <= len(found) <= LENGTH + 4


def test_a_text_without_blanks_is_cut_anywhere() -> None:
    found = shown("天" * 500 + "机器学习" + "地" * 500, "机器")
    assert "天天[机器]学习地" in found
    assert LENGTH - 5 <= len(found) <= LENGTH + 4


def test_the_part_with_most_words_is_shown() -> None:
    text = f"the {FILLER} a zebra saw the lion {FILLER} zebra"
    assert "a [zebra] saw [the] [lion]" in shown(text, "lion zebra the")


def test_the_first_of_equal_parts_is_shown() -> None:
    text = f"{FILLER} first needle {FILLER} second needle"
    assert "first [needle]" in shown(text, "needle")


@pytest.mark.parametrize("before", [4_000, 4_090, 4_096, 8_185, 300_000])
def test_what_stands_far_on_or_across_a_part_is_found(before: int) -> None:
    assert "[last words]" in shown("Ü" * before + " the last words", '"last words"')


def test_a_phrase_that_is_longer_than_an_excerpt_is_marked_as_far_as_it_is_shown() -> None:
    text = "x " + "word " * 150
    found = excerpt(text, terms_of(f'"{("word " * 150).strip()}"').all)
    assert found.marks == ((2, len(found.text.rstrip("…"))),)


def test_an_endless_row_of_marks_ends() -> None:
    assert "[a" in shown("a" + "\u0301" * 100_000 + " b", "a")
    assert len(shown("a" + "\u0301" * 100_000 + " b", "a")) < 2 * LENGTH


TEXT = st.text("ab**`\uff0aé\u0301ßİøﬁ か\u3099각\u1100\u1161й \n¨\u00adأ\u064e", max_size=400)


@given(TEXT, st.text('ab*eé\u0301sßiﬁ か가й"', max_size=8))
def test_what_is_marked_folds_to_what_was_looked_for(text: str, search: str) -> None:
    terms = terms_of(search).all
    found = excerpt(text, terms)
    assert found.text == " ".join(found.text.split())
    assert len(found.text) <= LENGTH + 40
    assert is_apart(found)
    for part, is_marked in found.parts():
        if is_marked:
            assert any(term in fold(part) for term in terms) or "…" in found.text
    assert bool(found.marks) == any(term in fold(text) for term in terms)


def is_apart(found: Excerpt) -> bool:
    places = [0, *(place for mark in found.marks for place in mark), len(found.text)]
    return places == sorted(places) and all(start < end for start, end in found.marks)
