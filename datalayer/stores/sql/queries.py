"""Queries that are asked often: built once, with names for their values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[Any, Any]  # by the names of the columns
Rows = Sequence[Row]


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """One statement, with names for its values. Each is itself alone, whatever it says."""

    statement: Any
