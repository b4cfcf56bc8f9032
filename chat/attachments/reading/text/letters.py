"""How common letters are after each other in each language, and characters in those of East Asia.

`letters.json` was made from translations and manuals by `benchmarks/encodings/letters.py`.
"""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ALONE = "\x01"  # stands before a letter for how common it is after any other
STEPS = 3  # an unlikelihood is kept as a whole number of thirds
_FIRST = ord("0")
_FILE = Path(__file__).with_name("letters.json")


@functools.cache
def _tables() -> Mapping[str, Mapping[str, Any]]:
    tables: Mapping[str, Mapping[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return tables


@functools.cache
def pairs(language: str) -> Mapping[str, float]:
    """Return the logarithm of how likely the second of two letters is after the first."""
    packed = _tables()["pairs"][language]
    return {packed[at : at + 2]: unpacked(packed[at + 2]) for at in range(0, len(packed), 3)}


@functools.cache
def characters(language: str) -> Mapping[str, float]:
    """Return the logarithm of how common each common character of East Asia is."""
    return {
        character: unpacked(group[0])
        for group in _tables()["characters"][language]
        for character in group[1:]
    }


def packed(logarithm: float) -> str:
    """Return a logarithm of a likelihood as one character."""
    return chr(_FIRST + min(60, max(0, round(-STEPS * logarithm))))


def unpacked(character: str) -> float:
    """Return the logarithm that a character stands for."""
    return (_FIRST - ord(character)) / STEPS
