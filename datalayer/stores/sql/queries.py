"""Queries that are asked often: built once, with names for their values."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import BindParameter, Dialect
from sqlalchemy.dialects.postgresql import asyncpg

from datalayer.stores.sql.types import Id

Row = Mapping[Any, Any]  # by the names of the columns
Rows = Sequence[Row]

_DIALECT: Dialect = asyncpg.dialect()  # type: ignore[no-untyped-call]


class Query:
    """One statement, and the text of it that asyncpg takes without SQLAlchemy between."""

    def __init__(self, statement: Any) -> None:
        self.statement = statement

    @cached_property
    def _compiled(self) -> tuple[str, Sequence[BindParameter[Any]]]:
        compiled: Any = self.statement.compile(dialect=_DIALECT)
        return str(compiled), [compiled.binds[name] for name in compiled.positiontup or ()]

    def direct(self, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """Return the text for asyncpg and the values in their places."""
        text, places = self._compiled
        return text, [_value(place, values) for place in places]


def _value(place: BindParameter[Any], values: Mapping[str, Any]) -> Any:
    value = values.get(place.key, place.value)
    if isinstance(place.type, Id):
        return place.type.process_bind_param(value, _DIALECT)
    return value
