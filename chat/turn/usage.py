"""What an answer cost, in tokens, as its metadata has it. Pure."""

from collections.abc import Mapping
from typing import Any

from chat.models.base import Ending

INPUT, OUTPUT, ESTIMATED = "input_tokens", "output_tokens", "estimated"


def usage_of(ending: Ending, shown: int) -> dict[str, Any]:
    """Return what the server told; `shown` are about the tokens of what was shown.

    They stand in for what it did not tell, as of an answer that was stopped, and it is said so.
    """
    told = {INPUT: ending.input_tokens, OUTPUT: ending.output_tokens}
    usage: dict[str, Any] = {name: count for name, count in told.items() if count is not None}
    return usage if OUTPUT in usage else {**usage, OUTPUT: shown, ESTIMATED: True}


def summed(former: object, usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an answer cost that was gone on with: `former` is the usage of what was there."""
    known = former if isinstance(former, Mapping) else {}
    total = {name: _count(known, name) + _count(usage, name) for name in (INPUT, OUTPUT)}
    counts = {name: total[name] for name in total if name in known or name in usage}
    is_estimated = known.get(ESTIMATED) or usage.get(ESTIMATED)
    return {**counts, ESTIMATED: True} if is_estimated else counts


def _count(usage: Mapping[str, Any], name: str) -> int:
    count = usage.get(name)
    return count if isinstance(count, int) else 0
