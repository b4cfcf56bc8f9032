"""The number formats of Excel: how a number is shown by `#,##0.00 [$€-407];[Red]-#,##0.00`.

Names of months and days are in the language that the format names, English where it names none. The
point stands before decimals, whatever the locale: the model gets one way of writing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from chat.attachments.reading.office.sheets import date_words, dates, digits

GENERAL = "General"
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*.'
    r"|\[\$(?P<currency>[^\]-]*)(?P<locale>-[^\]]*)?\]"
    r"|(?P<elapsed>\[(?:h+|m+|s+)\](?:\.0+)?)|\[(?P<condition>[<>=]+-?[\d.]+)\]|\[[^\]]*\]"
    r"|(?P<general>General)|(?P<half>AM/PM|A/P|上午/下午|am/pm)"
    r"|(?P<exponent>E[+-])|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?|e+|b+|g+|a{3,4})"
    r"|(?P<digit>[0#?])|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)|(?P<text>@)|(?P<slash>/[1-9]\d*|/)"
    r"|(?P<literal>.)",
    re.IGNORECASE | re.DOTALL,
)
_LITERALS = ("quoted", "escaped", "currency", "literal")
_PART = re.compile(r'((?:"[^"]*"?|\\.|\[[^\]]*\]|[^;])*)(?:;|\Z)')  # and an empty one at the end
_PLACES = frozenset({"digit", "general", "text"})
_OF_NUMBERS = frozenset({"point", "comma", "slash", "exponent", "percent"})
_CONDITION = re.compile(r"([<>=]+)(-?[\d.]+)")
_OF_NEGATIVES = (("<", 0.0), ("<=", 0.0))  # where a section has the sign itself if it wants one
_LONGEST = 255  # characters of a format, as in Excel

_NEUTRAL_DATE = "yyyy-mm-dd"
_BUILT_IN: Mapping[int, str] = {
    0: GENERAL,
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    # Those of money show the currency of whoever looks, which the file does not tell.
    5: "#,##0",
    6: "#,##0",
    7: "#,##0.00",
    8: "#,##0.00",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: _NEUTRAL_DATE,
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: f"{_NEUTRAL_DATE} h:mm",
    37: "#,##0;(#,##0)",
    38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)",
    41: "#,##0;-#,##0;-",
    42: "#,##0;-#,##0;-",
    43: "#,##0.00;-#,##0.00;-",
    44: "#,##0.00;-#,##0.00;-",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    # Dates and times in Chinese, Japanese and Korean
    **dict.fromkeys((*range(27, 32), 36, *range(50, 55), 57, 58), _NEUTRAL_DATE),
    32: "h:mm",
    33: "h:mm:ss",
    34: "h:mm",
    35: "h:mm:ss",
    55: "h:mm",
    56: "h:mm:ss",
}
_OF_THE_SYSTEM = {  # long date and time of who looks
    **dict.fromkeys(("-f800", "-x-sysdate"), _NEUTRAL_DATE),
    **dict.fromkeys(("-f400", "-x-systime"), "h:mm:ss"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """One of the parts that semicolons divide: its tokens, kind and text, and when it holds."""

    tokens: Sequence[digits.Token]
    condition: tuple[str, float] | None = None
    locale: str = ""

    def has(self, *kinds: str) -> bool:
        """Tell whether a token of one of these kinds is in it."""
        return any(kind in kinds for kind, _ in self.tokens)


def built_in(number: int) -> str:
    """Return a format that files name by its number alone."""
    return _BUILT_IN.get(number, GENERAL)


def shown(value: float, code: str, *, since_1904: bool = False) -> str:
    """Return a number as the format shows it; as it is where the format makes no sense."""
    try:
        section, is_plain = _chosen(_sections(code), value)
        return _formatted(section, value if is_plain else abs(value), since_1904)
    except (ValueError, OverflowError, ArithmeticError):
        return digits.general(value)


def shown_text(text: str, code: str) -> str:
    """Return a text as the format shows it."""
    section = _of_text(_sections(code))
    if section is None:
        return text
    return "".join(text if kind == "text" else it for kind, it in section.tokens).strip() or text


def hides_text(code: str) -> bool:
    """Tell whether a format shows nothing of texts, as `;;;` does."""
    section = _of_text(_sections(code))
    return section is not None and not section.tokens


def _of_text(sections: Sequence[Section]) -> Section | None:
    """Return the section for texts: the fourth, or a last one that has a place for them."""
    is_last = len(sections) > 3 or sections[-1].has("text")
    return sections[:4][-1] if is_last else None


def _formatted(section: Section, value: float, since_1904: bool) -> str:
    if section.has("date", "elapsed"):
        words = date_words.words(section.locale)
        return dates.shown(section.tokens, value, since_1904=since_1904, words=words)
    return digits.shown(section.tokens, value)


def _chosen(sections: Sequence[Section], value: float) -> tuple[Section, bool]:
    """Return the section that holds, and whether the number keeps its sign in it.

    Raises `ValueError` where there is none.
    """
    numbers = sections[:-1] if sections[-1].has("text") else sections[:3]
    if not numbers:
        raise ValueError(value)
    if any(section.condition for section in numbers):
        return _conditional(numbers, value)
    if len(numbers) == 1 or value > 0:
        return numbers[0], True
    if value < 0:
        return numbers[1], False
    return numbers[2 if len(numbers) > 2 else 0], True


def _conditional(sections: Sequence[Section], value: float) -> tuple[Section, bool]:
    for section in sections:
        if section.condition is None or _holds(section.condition, value):
            return section, section.condition not in _OF_NEGATIVES
    raise ValueError(value)


def _holds(condition: tuple[str, float], value: float) -> bool:
    sign, limit = condition
    if sign == "<>":
        return value != limit
    is_less, is_more = "<" in sign and value < limit, ">" in sign and value > limit
    return is_less or is_more or ("=" in sign and value == limit)


@lru_cache(maxsize=1_000)
def _sections(code: str) -> tuple[Section, ...]:
    return tuple(_section(part) for part in _parts(code[:_LONGEST]))


def _parts(code: str) -> Iterator[str]:
    """Divide at semicolons that are not quoted or escaped."""
    parts = _PART.findall(code)
    yield from parts if code.endswith(";") else parts[:-1] or [GENERAL]


def _section(part: str) -> Section:
    tokens: list[digits.Token] = []
    condition, locale = None, ""
    for match in _TOKEN.finditer(part):
        locale = match["locale"] or locale
        if system := _OF_THE_SYSTEM.get(locale.lower()):
            return _section(system)
        if match["condition"] and (parsed := _CONDITION.fullmatch(match["condition"])):
            condition = (parsed[1], float(parsed[2]))
        elif match.lastgroup in _LITERALS or match["currency"]:
            kind = match.lastgroup if match.lastgroup in _LITERALS else "currency"
            tokens.append(("literal", match[kind] or ""))
        elif match.lastgroup and match.lastgroup not in ("locale", "condition"):
            tokens.append((match.lastgroup, match[match.lastgroup]))
    return Section(tuple(_plain(tokens)), condition, locale)


def _plain(tokens: Sequence[digits.Token]) -> Iterator[digits.Token]:
    """Take letters of dates for words where there are places for digits, and the reverse."""
    kinds = {kind for kind, _ in tokens}
    words = _OF_NUMBERS if "date" in kinds and not kinds & _PLACES else ("date",)
    for kind, text in tokens:
        yield "literal" if kind in words else kind, text
