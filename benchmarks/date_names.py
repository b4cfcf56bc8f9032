"""Makes `date_names.json` of `chat/attachments/reading/office/sheets/`.

`python -m benchmarks.date_names`.

The names of months, days and halves of days are those of Unicode's CLDR (Unicode License v3), which
Babel brings.
"""

import json
import locale
from collections.abc import Iterator, Mapping
from pathlib import Path

from babel.core import Locale, UnknownLocaleError

OUTPUT = Path("chat/attachments/reading/office/sheets/date_names.json")
_MORE = ("sr_Latn", "zh_TW")  # whose names are none of their language's
_WITHOUT_DOTS = frozenset({"af", "da", "gl", "pt", "ro", "sv"})  # where Excel shortens a name


def main() -> None:
    """Write what is known of each language that Windows has a code for, but English."""
    lines = (f"{json.dumps(it)}: {_written(names)}" for it, names in sorted(_languages()))
    OUTPUT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _written(names: object) -> str:
    return json.dumps(names, ensure_ascii=False, separators=(",", ":"))


def _languages() -> Iterator[tuple[str, list[list[str]]]]:
    languages = {it.partition("_")[0] for it in locale.windows_locale.values()} - {"en"}
    for name in (*languages, *_MORE):
        try:
            yield name, _names(Locale.parse(name))
        except UnknownLocaleError:
            continue


def _names(found: Locale) -> list[list[str]]:
    """Return names in the order in which `date_words.py` has them."""
    months, days = found.months, found.days["stand-alone"]
    halves = found.day_periods["format"]["abbreviated"]
    dot = "." if found.language in _WITHOUT_DOTS else ""
    return [
        _ordered(months["stand-alone"]["wide"]),
        _ordered(months["format"]["wide"]),
        [it.removesuffix(dot) for it in _ordered(months["stand-alone"]["abbreviated"])],
        _ordered(months["stand-alone"]["narrow"]),
        _ordered(days["wide"]),
        [it.removesuffix(dot) for it in _ordered(days["abbreviated"])],
        [halves["am"], halves["pm"]],
    ]


def _ordered(names: Mapping[int, str]) -> list[str]:
    return [names[it] for it in sorted(names)]


if __name__ == "__main__":
    main()
