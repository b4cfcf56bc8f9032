"""A text has every gram of every needle that stands in it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.stores.sql import ngrams
from datalayer.stores.sql.ngrams import (
    ENOUGH,
    NeedleNgrams,
    Ngrams,
    ngrams_of,
    ngrams_of_needle,
)


def may_have(there: Ngrams, wanted: NeedleNgrams) -> bool:
    signature = "".join(f"{byte:08b}" for byte in there.signature)
    return wanted.numbers <= there.numbers and all(signature[bit] == "1" for bit in wanted.bits)


def found(needle: str, texts: list[str], owner: str = "u") -> bool:
    return may_have(ngrams_of(texts, owner), ngrams_of_needle(needle, "u"))


TEXT = st.text(st.sampled_from("abcß中文😀 "), max_size=12)


@given(TEXT, TEXT.filter(bool), TEXT, TEXT)
@pytest.mark.slow
def test_no_needle_is_missed(before: str, needle: str, after: str, other: str) -> None:
    assert len(ngrams_of_needle(needle, "u").numbers) > 1
    assert found(needle, [other, before + needle + after])


def test_a_needle_has_to_stand_in_one_piece() -> None:
    texts = ["ab", "cd", "中", "文"]
    for needle in ("abc", "bc", "e", "中文", "b中", "abc中"):
        assert not found(needle, texts)
    assert found("cd", texts)


def test_whose_text_it_is_makes_a_difference() -> None:
    assert found("a", ["a"], "u")
    assert not found("a", ["a"], "v")


def test_three_characters_say_more_than_pairs_where_characters_are_few() -> None:
    assert not found("abc", ["ab", "bc"])


def test_the_signature_knows_longer_runs() -> None:
    assert not found("abcde", ["abcd", "bcde"])
    assert found("abcde", ["abcde"])


def test_grams_of_two_texts_are_those_of_both() -> None:
    both = ngrams_of(["some text", "another"], "u")
    assert ngrams_of(["some text"], "u") | ngrams_of(["another"], "u") == both


def test_a_long_needle_has_not_too_many() -> None:
    needle = "".join(chr(0x4E00 + number) for number in range(10_000))
    assert ENOUGH <= len(ngrams_of_needle(needle, "u").numbers) <= 2 * ENOUGH + 1
    assert found(needle, [needle])


@pytest.mark.slow
def test_numbers_are_remembered_within_bounds() -> None:
    ngrams_of(["".join(chr(0x4E00 + number % 20_000) for number in range(200_000))], "u")
    ngrams_of(["".join(chr(0x4E00 + number * 7 % 20_000) for number in range(400_000))], "u")
    ngrams_of(["".join(chr(0x4E00 + number * 77 % 20_000) for number in range(800_000))], "u")
    assert len(ngrams._NUMBERS) <= ngrams.REMEMBERED
    assert all(-(2**31) <= number < 2**31 for number in ngrams._NUMBERS.values())


def test_a_signature_tells_words_apart_whose_grams_are_all_there() -> None:
    letters = "abcdefghij"
    texts = [f"{one}{two}{three}" for one in letters for two in letters for three in letters]
    rng = random.Random(1)
    words = ["".join(rng.choices(letters, k=8)) for _ in range(200)]
    wanted = [ngrams_of_needle(word, "u") for word in words]
    grams = ngrams_of(texts, "u").numbers
    assert all(each.numbers <= grams for each in wanted)
    there = ngrams_of([*texts, "".join(rng.choices("klmnopqrst", k=4_000))], "u")
    assert sum(may_have(there, each) for each in wanted) <= 5
