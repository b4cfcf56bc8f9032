"""Numbers as lists show them, by the names that Word has for their forms."""

from collections.abc import Callable, Mapping

_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc")),
    *((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_HAN = "〇一二三四五六七八九"
_LARGEST_ROMAN = 5_000
_MOST_LETTERS = 50  # of one number
_FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}
_AIUEO = (
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
)
_IROHA = (
    "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス"
)
_CIRCLED = ((1, "①", 20), (21, "㉑", 15), (36, "㊱", 15))
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def numeral(form: str, number: int) -> str:
    """Return a number in one of Word's forms; in digits where the form is not known."""
    return _FORMS.get(form, str)(number)


def _roman(number: int) -> str:
    if not 0 < number <= _LARGEST_ROMAN:
        return str(number)
    written = ""
    for worth, letters in _ROMAN:
        written += letters * (number // worth)
        number %= worth
    return written


def spreadsheet_letters(number: int) -> str:
    """Return a, b … z, aa, ab …, as columns of sheets are named, and items of lists in pages."""
    written = ""
    while number > 0 and len(written) < _MOST_LETTERS:
        number, at = divmod(number - 1, 26)
        written = chr(ord("a") + at) + written
    return written or "0"


def _repeated(letters: str) -> Callable[[int], str]:
    """Return how Word counts with letters: a, b … z, aa, bb …"""

    def shown(number: int) -> str:
        if number < 1:
            return str(number)
        rounds, at = divmod(number - 1, len(letters))
        return letters[at] * min(rounds + 1, _MOST_LETTERS)

    return shown


def _cycled(letters: str) -> Callable[[int], str]:
    """Return how characters are counted of which there are no more."""
    return lambda number: letters[number - 1] if 0 < number <= len(letters) else str(number)


def _han(number: int) -> str:
    if not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    ten = ("" if tens == 1 else _HAN[tens]) + "十" if tens else ""
    return ten + (_HAN[ones] if ones else "")


def _circled(number: int) -> str:
    for first, character, many in _CIRCLED:
        if first <= number < first + many:
            return chr(ord(character) + number - first)
    return str(number)


def _ordinal(number: int) -> str:
    is_teen = 10 < number % 100 < 20
    return f"{number}{'th' if is_teen else _ENDINGS.get(number % 10, 'th')}"


def _with(form: str, change: Callable[[str], str]) -> Callable[[int], str]:
    """Return how numbers of a form are shown that is another one's, changed."""
    return lambda number: change(numeral(form, number))


_EAST = ("chineseCounting", "chineseCountingThousand", "japaneseCounting", "koreanCounting",
         "taiwaneseCounting", "taiwaneseCountingThousand")  # fmt: skip
_FORMS: Mapping[str, Callable[[int], str]] = {
    "decimalZero": lambda number: f"{number:02}",
    "decimalFullWidth": _with("decimal", lambda text: text.translate(_FULL_WIDTH)),
    "ordinal": _ordinal,
    "lowerLetter": _repeated("abcdefghijklmnopqrstuvwxyz"),
    "upperLetter": _with("lowerLetter", str.upper),
    "lowerRoman": _roman,
    "upperRoman": _with("lowerRoman", str.upper),
    "none": lambda _: "",
    "russianLower": _repeated("абвгдежзиклмнопрстуфхцчшщыэюя"),
    "russianUpper": _with("russianLower", str.upper),
    **dict.fromkeys(("aiueo", "aiueoFullWidth"), _repeated(_AIUEO)),
    **dict.fromkeys(("iroha", "irohaFullWidth"), _repeated(_IROHA)),
    "ganada": _repeated("가나다라마바사아자차카타파하"),
    "hebrew2": _repeated("אבגדהוזחטיכלמנסעפצקרשת"),
    "arabicAlpha": _repeated("أبتثجحخدذرزسشصضطظعغفقكلمنهوي"),
    "arabicAbjad": _repeated("أبجدهوزحطيكلمنسعفصقرشتثخذضظغ"),
    "ideographTraditional": _cycled("甲乙丙丁戊己庚辛壬癸"),
    "ideographZodiac": _cycled("子丑寅卯辰巳午未申酉戌亥"),
    **dict.fromkeys(("decimalEnclosedCircle", "decimalEnclosedCircleChinese"), _circled),
    **dict.fromkeys(_EAST, _han),
}
