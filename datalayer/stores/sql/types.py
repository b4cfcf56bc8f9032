"""Column types that give back on every dialect what was put in."""

import json
from typing import Any

from sqlalchemy import UUID, Dialect, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from datalayer.stores.sql.dialect import has_uuids
from datalayer.values import Json, as_id


class Id(TypeDecorator[str]):
    """A UUID: PostgreSQL's own type, text on SQLite. What is no UUID is the id of nothing."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(UUID(as_uuid=False) if has_uuids(dialect) else Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if not has_uuids(dialect) or as_id(value) == value else None


class JsonText(TypeDecorator[Any]):
    """JSON kept as text, as on SQLite; characters outside ASCII stay readable."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def as_show_input(value: Json) -> Json:
    """Return what a stored `showInput` stands for; what was a flag is one again."""
    return _SHOW_INPUT.get(value, value) if isinstance(value, str) else value


class ShowInput(TypeDecorator[Json]):
    """Chainlit's `showInput`, a flag or the name of a language, in a text column."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Json, dialect: Dialect) -> str | None:
        if isinstance(value, bool):
            return "true" if value else "false"
        return None if value is None else str(value)


_SHOW_INPUT: dict[str, Json] = {"true": True, "false": False, "": None}
