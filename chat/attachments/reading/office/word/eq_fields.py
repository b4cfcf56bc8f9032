"""What EQ fields show: Word draws them from their instruction, and stores no result. Pure.

In Chinese and Japanese documents they circle numbers and put readings above words.
"""

import re
from collections.abc import Callable, Mapping, Sequence

_EQ = re.compile(r"\s*EQ\s", re.IGNORECASE)
_OPTION = re.compile(r"\s*\\\*\s*(?:\"[^\"]*\"|\S+)(?:\s+(?=\\))?")  # such as \* jc2
_SWITCH = re.compile(
    r"\\([abdfilorsx])((?:\s*\\[a-z]{2}\s*[\d.]*|\s*\\[lrb]c\\?.)*)\s*\(", re.IGNORECASE
)
_RAISED = re.compile(r"\A\s*\\s\\up", re.IGNORECASE)
_ENCLOSING = frozenset("○〇◯□△")  # noqa: RUF001


def is_equation(instruction: str) -> bool:
    """Tell whether a field is one."""
    return bool(_EQ.match(instruction))


def shown(instruction: str) -> str:
    """Return in one line what an EQ field shows."""
    text, _ = _text(_OPTION.sub("", _EQ.sub("", instruction, count=1)), 0)
    return text.strip()


def _text(source: str, at: int) -> tuple[str, int]:
    """Return what is shown up to a parenthesis or a separator of arguments, and where that is."""
    shown = ""
    while at < len(source) and source[at] not in ",;)":
        if switch := _SWITCH.match(source, at):
            arguments, at = _arguments(source, switch.end())
            shown += _SHOWN.get(switch[1].lower(), "".join)(arguments)
        elif source[at] == "(":
            inner, at = _arguments(source, at + 1)
            shown += f"({','.join(inner)})"
        else:
            at += source[at] == "\\" and at + 1 < len(source)
            shown += source[at]
            at += 1
    return shown, at


def _arguments(source: str, at: int) -> tuple[list[str], int]:
    found: list[str] = []
    while at < len(source):
        is_reading = bool(_RAISED.match(source[at : at + 10]))
        text, at = _text(source, at)
        found += [] if is_reading else [text.strip()]
        at += 1
        if source[at - 1 : at] == ")":
            break
    return found, at


def _over(arguments: Sequence[str]) -> str:
    """Return what stands in one place; a number in a circle is one in parentheses."""
    others = [it for it in arguments if it not in _ENCLOSING]
    return f"({''.join(others)})" if len(others) < len(arguments) else "".join(others)


_SHOWN: Mapping[str, Callable[[Sequence[str]], str]] = {
    "a": " ".join,
    "b": lambda it: f"({','.join(it)})",
    "d": lambda _: "",
    "f": "/".join,
    "i": lambda it: f"∫{' '.join(it)}",
    "l": ",".join,
    "o": _over,
    "r": lambda it: f"√({it[-1]})" if len(it) < 2 or not it[0] else f"{it[0]}√({it[-1]})",
}
