"""Time zones as they are named on the command line."""

import argparse
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def time_zone(name: str) -> tzinfo:
    """Return a time zone by its name; the parser says what is wrong with one that is not known."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        message = f"there is no time zone {name!r}; they are called as Europe/Berlin is"
        raise argparse.ArgumentTypeError(message) from exc
