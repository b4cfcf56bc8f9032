"""A text has every gram of every needle that stands in it."""

from hypothesis import given
from hypothesis import strategies as st

from datalayer import grams
from datalayer.grams import ENOUGH, grams_of, grams_of_needle

TEXT = st.text(st.sampled_from("abcß中文😀 "), max_size=12)


@given(TEXT, TEXT.filter(bool), TEXT, TEXT)
def test_no_needle_is_missed(before: str, needle: str, after: str, other: str) -> None:
    assert grams_of_needle(needle, "u") <= grams_of([other, before + needle + after], "u")


def test_a_needle_has_to_stand_in_one_piece() -> None:
    text = grams_of(["ab", "cd"], "u")
    assert not grams_of_needle("abc", "u") <= text
    assert not grams_of_needle("bc", "u") <= text
    assert not grams_of_needle("e", "u") <= text
    assert grams_of_needle("cd", "u") <= text


def test_whose_text_it_is_makes_a_difference() -> None:
    assert not grams_of_needle("a", "u") <= grams_of(["a"], "v")


def test_a_long_needle_has_not_too_many() -> None:
    needle = "".join(chr(0x4E00 + number) for number in range(10_000))
    assert ENOUGH <= len(grams_of_needle(needle, "u")) <= 2 * ENOUGH + 1
    assert grams_of_needle(needle, "u") <= grams_of([needle], "u")


def test_numbers_are_remembered_within_bounds() -> None:
    grams_of(["".join(chr(0x4E00 + number % 20_000) for number in range(200_000))], "u")
    assert len(grams._NUMBERS) <= grams.REMEMBERED
    assert all(-(2**31) <= number < 2**31 for number in grams._NUMBERS.values())
