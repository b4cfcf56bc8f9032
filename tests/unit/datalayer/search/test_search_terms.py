"""A search is words in any order, and phrases in quotes."""

# ruff: noqa: RUF001 - letters that look alike are what this is about

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.search.terms import LONGEST_SEARCH, MOST_TERMS, NO_TERMS, terms_of


@pytest.mark.parametrize(
    ("search", "terms"),
    [
        ("Málaga  in\tMay", ("malaga", "in", "may")),
        ("a　b", ("a", "b")),
        ('"Hello  World" foo', ("hello world", "foo")),
        ("“Hello World”foo", ("hello world", "foo")),
        ("„Hallo Welt“ da", ("hallo welt", "da")),
        ("« bonjour le » monde", ("bonjour le", "monde")),
        ("»Hallo Welt« da", ("hallo welt", "da")),
        ("搜索「机器 学习」吗", ("搜索", "机器 学习", "吗")),
        ("『機械 学習』", ("機械 学習",)),
        ("＂full width＂", ("full width",)),
        ('"a b""c d"', ("a b", "c d")),
        ('"not closed', ("not closed",)),
        ('5" disk', ('5"', "disk")),
        ('print("a b")', ('print("a', 'b")')),
        ("don’t", ("don't",)),
        ("'a b'", ("'a", "b'")),
        ('“"”', ('"',)),
        ("twice Twice TWICE", ("twice",)),
        ("a.*b [c] % _ \\", ("a.*b", "[c]", "%", "_", "\\")),
    ],
)
def test_what_is_looked_for(search: str, terms: tuple[str, ...]) -> None:
    found = terms_of(search)
    assert found.all == terms
    assert not found.is_shortened


@pytest.mark.parametrize(
    "nothing", [None, "", " \t\n", '"', '""', '" "', "“”", "「", "\u00ad", '"" ""']
)
def test_blanks_and_quotes_look_for_nothing(nothing: str | None) -> None:
    assert terms_of(nothing) == NO_TERMS


def test_what_is_in_another_is_not_looked_for_by_itself() -> None:
    assert terms_of('foo foobar "a foobar" other').needed == ("a foobar", "other")


def test_of_a_long_search_the_beginning_counts() -> None:
    words = [f"word{number}" for number in range(5_000)]
    found = terms_of(" ".join(words))
    assert found.all == tuple(words[:MOST_TERMS])
    assert found.is_shortened
    long = terms_of("É" * 2 * LONGEST_SEARCH)
    assert (long.all, long.is_shortened) == (("e" * LONGEST_SEARCH,), True)


@pytest.mark.parametrize("search", ["a\x00b", "\ud800", "\x00"])
def test_what_no_text_can_hold_is_looked_for_as_it_is_stored(search: str) -> None:
    (term,) = terms_of(search).all
    assert "\N{REPLACEMENT CHARACTER}" in term


@given(st.text(), st.lists(st.text()))
def test_all_are_found_where_each_is(search: str, texts: list[str]) -> None:
    terms = terms_of(search)
    assert terms.are_in(texts) == all(any(it in text for text in texts) for it in terms.all)
    assert all(term == term.strip() != "" for term in terms.all)
