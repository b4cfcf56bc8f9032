"""What DATABASE_URL says about a table of DynamoDB. Pure functions."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, parse_qsl, urlsplit

from common.aws import is_endpoint
from datalayer.errors import StoreMisconfigured

_FORM = "dynamodb://table?region=eu-central-1"
_KNOWN = ("endpoint_url", "pitr", "region")
_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_REGION = re.compile(r"[a-z0-9][a-z0-9-]*")
_YES, _NO = ("true", "1"), ("false", "0")


@dataclass(frozen=True, slots=True)
class TableAddress:
    """A table and where it is; for what is None the SDK looks where it always does.

    With `pitr` a migration sees to it that the table can be restored to any second of the last 35
    days (point-in-time recovery).
    """

    table: str
    region: str | None = None
    endpoint_url: str | None = None
    pitr: bool = False

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read `dynamodb://table?option=value&…`.

        Raises `StoreMisconfigured`, which shows no value: somebody may have put a secret there.
        """
        parts = _split(url)
        given = _options(parts)
        return cls(
            table=parts.netloc,
            region=_region(given.get("region")),
            endpoint_url=_endpoint(given.get("endpoint_url")),
            pitr=_flag("pitr", given.get("pitr", "false")),
        )

    def __str__(self) -> str:
        where = self.endpoint_url or self.region
        return f"{self.table} at {where}" if where else self.table


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        message = f"It cannot be read. The form is {_FORM}."
        raise StoreMisconfigured(message) from None  # the cause would show it
    if not _TABLE.fullmatch(parts.netloc) or parts.path.strip("/") or parts.fragment:
        message = f"The form is {_FORM}: the table by its name alone, without keys, ports or paths."
        raise StoreMisconfigured(message)
    return parts


def _options(parts: SplitResult) -> dict[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    names = [name for name, _ in pairs]
    for name, value in pairs:
        if name not in _KNOWN:
            message = f"The option {name!r} is not known; known are {', '.join(_KNOWN)}."
            raise StoreMisconfigured(message)
        if not value or names.count(name) > 1:
            message = f"The option {name} needs one value."
            raise StoreMisconfigured(message)
    return dict(pairs)


def _region(region: str | None) -> str | None:
    if region is not None and not _REGION.fullmatch(region):
        message = "The region is not of the form eu-central-1."
        raise StoreMisconfigured(message)
    return region


def _endpoint(endpoint: str | None) -> str | None:
    if endpoint is not None and not is_endpoint(endpoint):
        message = "The endpoint_url is not of the form https://host:port."
        raise StoreMisconfigured(message)
    return endpoint


def _flag(name: str, value: str) -> bool:
    if value.lower() not in (*_YES, *_NO):
        message = f"The option {name} is true or false."
        raise StoreMisconfigured(message)
    return value.lower() in _YES
