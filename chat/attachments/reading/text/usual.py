"""Marks where they mostly stand, and letters alone: counts of letters know little of them. Pure."""

import re
from collections.abc import Sequence

from chat.attachments.reading.text.likelihood import likelihood

_MARK, _CAPITAL = 0.5, -1.0
_MOST_LETTERS = 2  # that stand alone: who writes more of them writes in an alphabet
_OTHER = re.compile(r"[^\x00-\x7f]")
_REMOVED = re.compile(r"(?<!\S)[^\x00-\x7f]\s|\s?[^\x00-\x7f]\Z|[^\x00-\x7f]")
_LONE = re.compile(r"(?<![^\W_])(?<!\d )[À-ÖØ-öø-ÿ](?! ?\d)(?![^\W_])")  # an amount has a mark
_PLACES = (
    r"(?<=[^\W_])’(?=(?:s|t|d|m|re|ll|ve)(?![^\W_]))|(?<![^\W_])(?<=[DLJCNSMTOdljcnsmt])’(?=[^\W_])",
    r"(?:(?<=qu)|(?<=ll)|(?<=[Uu]n))’(?=[^\W_])|(?<=[szx])’(?=\s)|’(?=\d0s)|(?<=\s)’(?=n’)|(?<=’n)’",
    r"(?<![^\W_])“(?=[^\W_¿¡])|(?<=[^\W_.,!?…])”(?![^\W_])|(?<=[.,!?])”(?![^\W_])",
    r"(?<=[\d ])[–—](?=[\d ])|(?<![^\W_])[–—®©÷·](?![^\W_])",
    r"(?<![^\W_])•(?=\s)",
    r"[€£¥](?= ?\d)|(?<=\d)[€£¢]|(?<=\d )[€£¢]|(?<=[(\[])[€£](?=[)\]])",
    r"(?<=\d)[°º]|(?<![^\W_])°(?=[CFK]\b)|(?<=\d)ª|(?<=\d\.)[ºª]|(?<=\b[Nn])[°º](?= ?\d)",
    r"(?<![^\W\d_])µ(?:(?=mol|Hz|Sv|Pa)|(?=[mglLsAVWFHMSCJKNTU]?(?![^\W\d_²³])))",
    r"(?<=[A-Za-z])[²³](?![^\W\d_])|(?<=\d)²",
    r"±(?= ?\d)|(?<=\d)[×÷](?=\d)|(?<=[^\W_] )[×÷](?= [^\W_])",  # noqa: RUF001 - they are meant
    r"(?<![^\W\d_])[½¼¾](?![^\W\d_])|(?:(?<=\d)|(?<=\d ))‰(?![^\s,;.)])",
    r"(?<![^\W_])[§№](?= ?\d)|©(?= ?\d{4})|(?<=[^\W\d_])[™®](?![^\W_])",
    r"(?<=[A-Za-z])·(?=[A-Za-z])|(?<![^\W_])[¡¿](?=[^\W_])",
)
_USUAL = re.compile("|".join(_PLACES))


def likelihood_of(text: str, languages: Sequence[str]) -> float:
    """Return how likely a text is in that of the languages in which it is the likeliest.

    Where all of it that is no ASCII stands where one expects it, what is around says little of it.
    """
    known = likelihood(text, languages)
    if (letters := _lone_letters(text)) is None:
        return known
    plain = _REMOVED.sub("", text)
    marks = sum(not it.isascii() for it in text) - len(letters)
    capitals = sum(map(str.isupper, letters))
    return max(known, likelihood(plain, languages) + marks * _MARK + capitals * _CAPITAL)


def _lone_letters(text: str) -> list[str] | None:
    """Return the letters that stand alone; None where something is not where one expects it."""
    letters: list[str] = []
    for found in _OTHER.finditer(text):
        if _LONE.match(text, found.start()):
            letters.append(found[0])
        elif not _USUAL.match(text, found.start()):
            return None
    is_alphabet = len(set(letters)) > _MOST_LETTERS
    return None if is_alphabet or text.count("“") != text.count("”") else letters
