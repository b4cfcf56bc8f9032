"""What a range means for an object of some size. Pure functions."""

from storage.base import ByteRange
from storage.errors import RangeNotSatisfiable


def resolve_range(key: str, size: int, byte_range: ByteRange | None) -> tuple[int, int]:
    """Return start and length of what is to be read. Raises `RangeNotSatisfiable`."""
    if byte_range is None:
        return 0, size
    start = byte_range.start
    end = size - 1 if byte_range.end is None else min(byte_range.end, size - 1)
    if not 0 <= start <= end:
        message = f"{key!r} has {size} bytes, none of them in {byte_range}; ask for less."
        raise RangeNotSatisfiable(message)
    return start, end - start + 1
