"""Times and revisions of a body as a few bytes, since most of them are equal. Pure.

Two bytes say for each name which of the numbers after them is its value, three bits each, 0 for
none. The numbers are microseconds since 1970, seven bytes each. For ever as it is.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

_TIMES = frozenset({"createdAt", "start", "end"})
_SHIFTS = {"revision": 0, "sequence": 3, "createdAt": 6, "start": 9, "end": 12}
_PLACES, _PLACE, _SIZE = 2, 0b111, 7
_END = 1 << 8 * _SIZE  # the year 4253
_EPOCH = datetime.fromisoformat("1970-01-01")  # naive: all are UTC
_AT_ONCE = 256


def take_out(body: Mapping[str, object]) -> tuple[bytes, dict[str, object]]:
    """Return what can be such numbers, as bytes, and the rest of a body."""
    rest, numbers, places = dict(body), list[int](), 0
    for name, shift in _SHIFTS.items():
        number = _number(name, body.get(name))
        if number is not None:
            del rest[name]
            if number not in numbers:
                numbers.append(number)
            places |= numbers.index(number) + 1 << shift
    return places.to_bytes(_PLACES) + b"".join([it.to_bytes(_SIZE) for it in numbers]), rest


def put_back(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return what `take_out` took, and the bytes that follow it."""
    places, taken, end = int.from_bytes(data[:_PLACES]), dict[str, Any](), _PLACES
    for name, shift in _SHIFTS.items():
        if place := places >> shift & _PLACE:
            stop = _PLACES + place * _SIZE
            number = int.from_bytes(data[stop - _SIZE : stop])
            taken[name] = _time(number) if name in _TIMES else number
            end = max(end, stop)
    return taken, data[end:]


def _number(name: str, value: object) -> int | None:
    """Return a value as a number from which it can be made again; None for another one."""
    if name in _TIMES:
        value = _microseconds(value) if isinstance(value, str) else None
    return value if type(value) is int and 0 <= value < _END else None


@lru_cache(_AT_ONCE)
def _microseconds(value: str) -> int | None:
    try:
        number = (datetime.fromisoformat(value[:-1]) - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, TypeError):
        return None
    return number if _time(number) == value else None


@lru_cache(_AT_ONCE)
def _time(number: int) -> str:
    return f"{(_EPOCH + timedelta(microseconds=number)).isoformat(timespec='microseconds')}Z"
