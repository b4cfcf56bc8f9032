"""What a page may choose in the panel of settings."""

import math
from collections.abc import Collection, Mapping
from typing import Any


def are_known(chosen: Any, known: Collection[str]) -> bool:
    """Tell whether these are settings of the panel: a text or a finite number for each name."""
    return isinstance(chosen, Mapping) and all(
        name in known and _is_plain(value) for name, value in chosen.items()
    )


def _is_plain(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)
