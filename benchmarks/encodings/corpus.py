"""Real sentences in 45 languages, and tables of their words: the Declaration of Human Rights.

`declaration.json` has its articles, as the Unicode Consortium's project has typed them.
"""

import functools
import json
import random
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).with_name("declaration.json")
_CEDILLAS = str.maketrans("șțȘȚ", "şţŞŢ")  # what encodings of Romanian have for the comma
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_TRIES = 40
_ROWS = 400
_WORD = re.compile(r"[^\W\d_]{3,}")
_SPACELESS = frozenset({"ja", "zh", "zt", "th"})
_CURRENCIES = {
    "en": "£", "ja": "円", "zh": "元", "zt": "元", "ko": "원", "th": "บาท", "he": "₪", "ar": "ر.س",
    "ru": "руб.", "uk": "грн", "bg": "лв", "sr": "дин.", "sr@latin": "din", "pl": "zł", "cs": "Kč",  # noqa: RUF001 - Cyrillic
    "hu": "Ft", "ro": "lei", "tr": "TL", "vi": "đ", "is": "kr.", "sv": "kr",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text in a language, and its bytes."""

    language: str
    text: str
    content: bytes


@functools.cache
def sentences() -> Mapping[str, Sequence[str]]:
    """Return the sentences of each language."""
    found: Mapping[str, Sequence[str]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


@functools.cache
def rows(language: str) -> Sequence[str]:
    """Return rows of a table of prices: names made of a language's words, amounts, currencies."""
    chance = random.Random(language)
    words = _words(language, chance)
    return [
        f"{name.capitalize()};{chance.randrange(1, 200)};{chance.randrange(1, 9_000) / 100:.2f}"
        f"{chance.choice(('', ' ' + _CURRENCIES.get(language, '€')))}"
        for name in (" ".join(chance.sample(words, chance.randrange(1, 3))) for _ in range(_ROWS))
    ]


def _words(language: str, chance: random.Random) -> Sequence[str]:
    found = [it for sentence in sentences()[language] for it in _WORD.findall(sentence)]
    if language not in _SPACELESS:
        return found
    return [it[at : at + chance.randrange(2, 6)] for it in found for at in range(0, len(it), 5)]


def encodable(language: str, text: str) -> str:
    """Return a text as the encodings of its language write it."""
    if language == "ro":
        return text.translate(_CEDILLAS)
    return "".join(map(_with_tone_apart, text)) if language == "vi" else text


def _with_tone_apart(character: str) -> str:
    decomposed = unicodedata.normalize("NFD", character)
    base, marks = decomposed[:1], decomposed[1:]
    tones = "".join(it for it in marks if it in _TONES)
    shape = "".join(it for it in marks if it not in _TONES)
    whole = unicodedata.normalize("NFC", base + shape) + tones
    one = unicodedata.normalize("NFC", whole)
    return one if _encodes(one, "cp1258") else whole


def _encodes(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def samples(
    language: str, codec: str, size: int, number: int, *, of_rows: bool = False
) -> Iterator[Encoded]:
    """Yield texts of about so many bytes that are not in ASCII alone, the same ones every time."""
    chance = random.Random(f"{language} {codec} {size}")
    texts = rows(language) if of_rows else sentences()[language]
    usable = [it for it in map(_prepared(language), texts) if _encodes(it, codec)]
    for _ in range(number * _TRIES if usable else 0):
        text = _text(usable, size, codec, "\n" if of_rows else "\n ", chance)
        content = text.encode(codec)
        if not content.isascii() or "2022" in codec or "\0" in content.decode("latin-1"):
            yield Encoded(language, text, content)
            number -= 1
        if number == 0:
            return


def _prepared(language: str) -> "functools.partial[str]":
    return functools.partial(encodable, language)


def _text(usable: Sequence[str], size: int, codec: str, ends: str, chance: random.Random) -> str:
    """Return sentences one after the other from a chance one on, cut within a character of it."""
    at = chance.randrange(len(usable))
    parts: list[str] = []
    length = 0
    while length < size:
        parts.append(usable[at % len(usable)] + chance.choice(ends))
        length += len(parts[-1].encode(codec))
        at += 1
    text = "".join(parts)
    return text[: max(1, len(text) * size // length)]
