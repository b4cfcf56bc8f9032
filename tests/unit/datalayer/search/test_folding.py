"""Text is folded for the search: case, width and accents tell nothing, other marks do."""

# ruff: noqa: RUF001 - letters that look alike are what this is about

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datalayer.search.folding import _MANY_MARKS, fold, pieces
from datalayer.values import clean_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
# What changes, is left out, or goes with what is before it.
ODD = st.text(
    "a*`＊｀"
    "aé\u0301ßİıøﬁ か\u3099ガｶﾞ각\u1100\u1161\u11a8ㄱㅏ й\u0306Ά\u0345ᾳ \n¨\u00ad\u200bأ\u064eשׁक़ำ①℀"
)
UNASSIGNED = ("Cn", "Co", "Cs")
EVERY = [it for it in map(chr, range(0x110000)) if unicodedata.category(it) not in UNASSIGNED]


@pytest.mark.parametrize(
    "same",
    [
        ("Ünder", "ünder", "ÜNDER", "U\u0308nder", "under"),
        ("Straße", "STRASSE", "strasse", "STRAẞE"),
        ("\uff21\uff22", "ab", "\uff41\uff42"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("ᾄδω", "αδω", "Ἄιδω".replace("ι", "")),
        ("ﬁ", "FI"),
        ("ﾃｷｽﾄ", "テキスト"),
        ("ｶﾞ", "が".translate({ord("が"): "ガ"})),
        ("①", "1"),
        ("\u212b", "å", "a"),
        ("Málaga", "malaga", "MÁLAGA", "Ma\u0301laga"),
        ("İstanbul", "ISTANBUL", "istanbul", "ıstanbul", "i\u0307stanbul"),
        ("ё", "е", "Ё"),
        ("мой", "мои"),
        ("їжа", "іжа"),
        ("ґанок", "ганок"),
        ("Łódź", "lodz"),
        ("Øresund", "oresund"),
        ("Đà Nẵng", "da nang"),
        ("œuvre Ærø", "oeuvre aero"),
        ("l’été", "l'ete"),
        ("Donau\u00addampf", "donaudampf"),
        ("می\u200cخواهم", "میخواهم"),
        ("مُحَمَّد", "محمد"),
        ("أحمد", "احمد"),
        ("كتـــاب", "كتاب"),
        ("שָׁלוֹם", "שלום"),
        ("**Málaga** stands", "malaga `stands`", "Málaga stands", "＊＊Málaga＊＊ stands"),
        ("a ** b", "a b"),
        ("a\n\t b", "A B", " a\u00a0b "),
    ],
)
def test_what_folds_to_the_same(same: tuple[str, ...]) -> None:
    assert len({fold(text) for text in same}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("が", "か"),
        ("ぱ", "ば"),
        ("ガ", "が"),
        ("中", "国"),
        ("a b", "ab"),
        ("ก็", "ก"),
        ("की", "क"),
        ("각", "가"),
        ("≠", "="),
        ("a*b", "ab"),
        ("þ", "th"),
        ("ŋ", "n"),
    ],
)
def test_what_folds_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_no_accent_of_a_latin_greek_or_cyrillic_letter_matters() -> None:
    accented = [
        letter
        for letter in EVERY
        if re.match("(LATIN|GREEK|CYRILLIC) (SMALL|CAPITAL)", unicodedata.name(letter, ""))
        and unicodedata.decomposition(letter)[:1] not in ("", "<")
    ]
    assert len(accented) > 700
    for letter in accented:
        plain = unicodedata.normalize("NFD", letter)[0]
        assert fold(letter) == fold(plain), letter


@pytest.mark.slow
def test_what_is_folded_is_folded() -> None:
    assert [it for it in EVERY if fold(fold(it)) != fold(it)] == []


@given(TEXT)
def test_folding_ignores_the_form(text: str) -> None:
    assert fold(text) == fold(unicodedata.normalize("NFD", text))
    assert fold(text) == fold(unicodedata.normalize("NFKC", text))


@given(st.text(st.characters(max_codepoint=0x24F)))
def test_folding_latin_ignores_case(text: str) -> None:
    assert fold(text.lower()) == fold(text.upper()) == fold(text)


@given(TEXT)
def test_what_is_folded_can_be_stored(text: str) -> None:
    assert clean_text(fold(clean_text(text))) == fold(clean_text(text))


@given(TEXT | ODD | st.tuples(ODD, TEXT, ODD).map("".join), st.integers(1, 5))
@example("a ¨", 1)
def test_the_pieces_of_a_text_fold_as_it_does(text: str, size: int) -> None:
    parts = list(pieces(text, 0, len(text), size))
    assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert fold(" ".join("".join(part.folded for part in parts).split())) == fold(text)
    assert " ".join("".join(part.folded for part in parts).split()) == fold(text)


@pytest.mark.parametrize("row", ["—" * 200, "。" * 200, "🌍" * 200, "e\u0301" * 100])
def test_a_row_of_signs_folds_as_a_short_one(row: str) -> None:
    assert fold(row + "É") == fold(row[:2]) * 100 + "e"


def test_every_mark_that_is_put_in_order_is_cut_off_in_time() -> None:
    """What is decomposed into marks, or begins with one, counts as one of many."""
    letters = [letter for letter in EVERY if letter >= "\x80"]
    marks = [it for it in letters if unicodedata.combining(unicodedata.normalize("NFKD", it)[0])]
    assert not [it for it in marks if not _MANY_MARKS.fullmatch(it * 64)]
