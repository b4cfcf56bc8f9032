"""Values as DynamoDB types them. Pure."""

import base64
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Attribute = Mapping[str, Any]


def plain_item(item: Mapping[str, Attribute]) -> dict[str, Any]:
    """Return an item with its values as JSON has them."""
    return {name: plain(attribute) for name, attribute in item.items()}


def plain(attribute: Attribute) -> Any:
    """Return a value as JSON has it: sets as lists, bytes as Base64."""
    [(kind, value)] = attribute.items()
    return _READERS[kind](value)


def _number(text: str) -> int | float:
    """Return a number: Chainlit's layer wrote all as decimals, and reads all as fractions."""
    number = Decimal(text)
    numerator, denominator = number.as_integer_ratio()
    return numerator if denominator == 1 else float(number)


def _binary(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _as_it_is(value: Any) -> Any:
    return value


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "S": _as_it_is,
    "N": _number,
    "BOOL": _as_it_is,
    "NULL": lambda _: None,
    "B": _binary,
    "M": plain_item,
    "L": lambda values: [plain(value) for value in values],
    "SS": sorted,
    "NS": lambda values: sorted(map(_number, values)),
    "BS": lambda values: sorted(map(_binary, values)),
}
