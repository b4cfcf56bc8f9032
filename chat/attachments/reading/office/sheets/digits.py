"""Numbers, fractions and exponents by the places that a format gives them."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

Token = tuple[str, str]
"""A kind (`digit`, `point`, `literal`, …) and its text."""

_MOST_DIGITS = 15  # of a number in Excel
_THOUSANDS = re.compile(r"(?<=\d)(?=(?:\d{3})+\Z)")
_NUMERIC = frozenset({"digit", "point", "comma", "exponent", "slash"})


def general(value: float) -> str:
    """Return a number without a format."""
    return f"{value:.{_MOST_DIGITS}g}".replace("e", "E") if value else "0"


def shown(tokens: Sequence[Token], value: float) -> str:
    """Return a number by the tokens of a section."""
    if not any(kind == "digit" for kind, _ in tokens):
        return _words(tokens, value)
    places = [index for index, (kind, _) in enumerate(tokens) if kind in _NUMERIC]
    first, last = places[0], places[-1]
    inside = tokens[first : last + 1]
    percents = sum(kind == "percent" for kind, _ in tokens)
    number = _number(inside, abs(_exact(value)) * 100**percents)
    is_negative = value < 0 and any(it in "123456789" for it in number)
    around = (_literal(tokens[:first]), number, _literal(tokens[last + 1 :]))
    return f"{'-' if is_negative else ''}{''.join(around).strip()}"


def _words(tokens: Sequence[Token], value: float) -> str:
    """Return what a section without places says; `General` stands for the number."""
    if not tokens:
        return ""
    number = general(abs(value))
    said = [number if kind in ("general", "text") else it for kind, it in tokens]
    is_negative = value < 0 and number in said
    return f"{'-' if is_negative else ''}{''.join(said).strip()}"


def _literal(tokens: Sequence[Token]) -> str:
    return "".join(text for kind, text in tokens if kind in ("literal", "percent", "general"))


def _exact(value: float) -> Decimal:
    return Decimal(f"{value:.{_MOST_DIGITS}g}")


def _number(tokens: Sequence[Token], value: Decimal) -> str:
    kinds = [kind for kind, _ in tokens]
    if "exponent" in kinds:
        return _scientific(tokens, value, kinds.index("exponent"))
    if "slash" in kinds:
        return _fraction(tokens, value, kinds.index("slash"))
    while kinds and kinds[-1] == "comma":  # each leaves out three digits
        kinds.pop()
        value /= 1_000
    tokens = tokens[: len(kinds)]
    point = kinds.index("point") if "point" in kinds else len(kinds)
    return _decimal(tokens[:point], tokens[point + 1 :], value, has_point=point < len(kinds))


def _decimal(
    whole: Sequence[Token], part: Sequence[Token], value: Decimal, *, has_point: bool
) -> str:
    places = [text for kind, text in part if kind == "digit"]
    rounded = value.quantize(Decimal(1).scaleb(-len(places)), ROUND_HALF_UP)
    before, _, after = f"{rounded:f}".partition(".")
    while places and places[-1] != "0" and after.endswith("0"):
        places.pop()
        after = after[:-1]
    filled = _filled(whole, before)
    return filled + ("." if has_point and (after or not part) else "") + _spread(part, after)


def _filled(tokens: Sequence[Token], number: str) -> str:
    """Return the digits before the point, in groups of three where a comma says so."""
    places = [text for kind, text in tokens if kind == "digit"]
    number = "" if number == "0" and "0" not in places else number.rjust(places.count("0"), "0")
    if any(kind == "comma" for kind, _ in tokens):
        return _THOUSANDS.sub(",", number)
    over = max(0, len(number) - len(places))
    written, left = number[:over], number[over:].rjust(len(places))
    for kind, text in tokens:
        if kind == "digit":
            written, left = written + left[:1].strip(), left[1:]
        else:
            written += text
    return written


def _spread(tokens: Sequence[Token], digits: str) -> str:
    written = ""
    for kind, text in tokens:
        if kind == "digit":
            written, digits = written + digits[:1], digits[1:]
        elif kind == "literal":
            written += text
    return written


def _scientific(tokens: Sequence[Token], value: Decimal, at: int) -> str:
    mantissa, power = tokens[:at], [text for kind, text in tokens[at:] if kind == "digit"]
    kinds = [kind for kind, _ in mantissa]
    point = kinds.index("point") if "point" in kinds else len(kinds)
    step = max(1, kinds[:point].count("digit"))
    places = kinds[point:].count("digit")
    rounded = value and value.quantize(Decimal(1).scaleb(value.adjusted() - step + 1 - places))
    exponent = (rounded.adjusted() // step) * step if rounded else 0
    head = _decimal(
        mantissa[:point], mantissa[point + 1 :], value.scaleb(-exponent), has_point=point < at
    )
    sign = "-" if exponent < 0 else ("+" if tokens[at][1].endswith("+") else "")
    return f"{head}{tokens[at][1][0]}{sign}{str(abs(exponent)).rjust(len(power), '0')}"


def _fraction(tokens: Sequence[Token], value: Decimal, at: int) -> str:
    below = sum(kind == "digit" for kind, _ in tokens[at + 1 :])
    is_mixed = any(kind == "literal" and not text.strip() for kind, text in tokens[:at])
    above, under = _halves(Fraction(value), tokens[at][1].strip("/"), below)
    whole, rest = divmod(above, under)
    if not is_mixed:
        return f"{above}/{under}"
    if not rest:
        return str(whole)
    return f"{whole} {rest}/{under}" if whole else f"{rest}/{under}"


def _halves(value: Fraction, denominator: str, places: int) -> tuple[int, int]:
    """Return numerator and denominator, which is given or has so many digits at most."""
    if denominator:
        return round(value * int(denominator)), int(denominator)
    nearest = value.limit_denominator(10 ** min(max(1, places), 5) - 1)
    return nearest.numerator, nearest.denominator
