"""Queries as asyncpg takes them, without SQLAlchemy between."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Dialect
from sqlalchemy.dialects.postgresql import asyncpg

from datalayer.stores.sql.queries import Query
from datalayer.stores.sql.types import Id

_DIALECT: Dialect = asyncpg.dialect()  # type: ignore[no-untyped-call]


def text_and_values(query: Query, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Return the text of a query for asyncpg, and the values in their places."""
    text, parameters = _compiled(query)
    return text, [_value(parameter, values) for parameter in parameters]


@cache
def _compiled(query: Query) -> tuple[str, Sequence[BindParameter[Any]]]:
    compiled: Any = query.statement.compile(dialect=_DIALECT)
    return str(compiled), [compiled.binds[name] for name in compiled.positiontup or ()]


def _value(parameter: BindParameter[Any], values: Mapping[str, Any]) -> Any:
    value = values.get(parameter.key, parameter.value)
    if isinstance(parameter.type, Id):
        return parameter.type.process_bind_param(value, _DIALECT)
    return value
