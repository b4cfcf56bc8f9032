"""Makes `chat/attachments/reading/text/letters.json`: `python -m benchmarks.encodings.letters`.

It counts letters in the translations and manuals of the system it runs on (Debian's packages,
their languages' packs and `manpages-*`). Only how often what follows what is kept of them.
"""

import gettext
import gzip
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from benchmarks.encodings.corpus import encodable
from chat.attachments.reading.text.candidates import CANDIDATES, IDEOGRAPHIC
from chat.attachments.reading.text.letters import ALONE, packed
from chat.attachments.reading.text.likelihood import _MARKS, shaped

LOCALES = {"en": "en_GB", "pt": "pt_BR", "zh": "zh_CN", "zt": "zh_TW"}
OUTPUT = Path("chat/attachments/reading/text/letters.json")
_CATALOGUES = Path("/usr/share/locale")
_MANUALS = Path("/usr/share/man")
_MOST = 1_500_000  # characters of a language
_RARE_LETTER = 1.5e-5  # of all letters
_RARE_PAIR = 3e-4  # of what is after a letter
_FEWEST = 3  # times that a pair occurs
_OF_NAMES = "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœ"  # in the West they are in names everywhere
_NAMES_SHARE = 4e-5  # of all letters
_PLACEHOLDERS = re.compile(r"[%<\\{}|]")
_ROFF = re.compile(r"^\.\w+ ?|\\f[A-Z(]\w?|\\[&/,]|\\\(\w\w|\\.(\[[^\]]*\])?")


def main() -> None:
    """Count, and write the tables."""
    languages = sorted({language for it in CANDIDATES for language in it.languages})
    texts = {language: list(_texts(language)) for language in languages}
    tables = {
        "pairs": {it: _pairs(it, texts[it]) for it in languages if it not in IDEOGRAPHIC},
        "characters": {it: _characters(texts[it]) for it in languages if it in IDEOGRAPHIC},
    }
    OUTPUT.write_text(json.dumps(tables, ensure_ascii=False) + "\n", encoding="utf-8")


def _texts(language: str) -> Iterator[str]:
    locale = LOCALES.get(language, language)
    length = 0
    for text in (*_translations(locale), *_manuals(locale)):
        length += len(text)
        if length > _MOST:
            return
        yield text


def is_held_back(catalogue: str) -> bool:
    """Tell whether a catalogue is one of the third with which the tables can be tried."""
    return hashlib.sha256(catalogue.encode()).digest()[0] % 3 == 0


def _translations(locale: str) -> Iterator[str]:
    for path in sorted(_CATALOGUES.glob(f"{locale}/LC_MESSAGES/*.mo")):
        if is_held_back(path.name):
            continue
        for original, text in _catalogue(path).items():
            is_translated = text != original or locale.startswith("en")
            if original and is_translated and not _PLACEHOLDERS.search(text):
                yield " ".join(re.sub(r"_(\w)", r"\1", text).split())


def _catalogue(path: Path) -> dict[object, str]:
    with path.open("rb") as file, suppress(UnicodeError, OSError):
        found: dict[object, str] = vars(gettext.GNUTranslations(file))["_catalog"]
        return found
    return {}


def _manuals(locale: str) -> Iterator[str]:
    for path in sorted(_MANUALS.glob(f"{locale}/man*/*.gz")):
        with gzip.open(path, "rt", encoding="utf-8", errors="ignore") as file:
            for line in file:
                text = _ROFF.sub("", line).strip()
                if len(text) > 20 and not line.startswith((".\\", "'\\", ".TH", ".so", ".de")):
                    yield text


def _pairs(language: str, texts: Iterable[str]) -> str:
    alone: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    for text in texts:
        for form in {text, encodable(language, text)}:
            shape = shaped(form).lower()
            alone.update(shape)
            both.update(pairwise(shape))
    if language in CANDIDATES[0].languages:
        least = math.ceil(_NAMES_SHARE * alone.total())
        alone.update({it: least for it in _OF_NAMES if alone[it] < least})
    marks = {*_MARKS, "’"}
    kept = {it for it, n in alone.items() if n > _RARE_LETTER * alone.total()}
    letters = [ALONE + it + packed(math.log(alone[it] / alone.total())) for it in sorted(kept)]
    return "".join(letters) + "".join(
        first + then + packed(math.log(number / alone[first]))
        for (first, then), number in sorted(both.items())
        if {first, then} <= kept - marks and number >= max(_FEWEST, _RARE_PAIR * alone[first])
    )


def _characters(texts: Iterable[str]) -> list[str]:
    counts = Counter(it for text in texts for it in text if it >= "\u3000")
    groups: dict[str, str] = {}
    for character, number in counts.most_common():
        if number > 1:
            group = packed(math.log(number / counts.total()))
            groups[group] = groups.get(group, group) + character
    return list(groups.values())


if __name__ == "__main__":
    main()
