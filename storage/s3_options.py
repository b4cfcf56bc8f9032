"""What STORAGE_URL says about an S3 bucket. Pure functions."""

import re
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from storage.keys import is_key

Style = Literal["auto", "path", "virtual"]

_STYLES = ("auto", "path", "virtual")
_ENCRYPTIONS = ("AES256", "aws:kms", "aws:kms:dsse")
_NAMES = ("addressing_style", "endpoint_url", "kms_key_id", "region", "sse")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_REGION = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Options:
    """A bucket, what all keys in it begin with, and how it is reached and encrypts.

    `prefix` is empty or ends with a slash. `sse` None leaves encryption to the bucket's own rule.
    """

    bucket: str
    prefix: str = ""
    region: str | None = None
    endpoint_url: str | None = None
    addressing_style: Style = "auto"
    sse: str | None = None
    kms_key_id: str | None = None


def parse(url: str) -> Options:
    """Read `s3://bucket/prefix?option=value&…`. Raises `ValueError`, which shows no value."""
    parts = urlsplit(url)
    if parts.fragment:
        raise _wrong("has a #; write it as %23")
    given = _given(parts)
    return Options(
        bucket=_bucket(parts.netloc),
        prefix=_prefix(parts.path),
        region=_region(given.get("region")),
        endpoint_url=check_endpoint(given.get("endpoint_url")),
        addressing_style=cast(Style, _one_of(_STYLES, given, "addressing_style") or "auto"),
        sse=_one_of(_ENCRYPTIONS, given, "sse"),
        kms_key_id=_kms_key(given),
    )


def check_endpoint(endpoint: str | None) -> str | None:
    """Return the address of a service as it is. Raises `ValueError` unless it is one."""
    if not endpoint:
        return None
    parts = urlsplit(endpoint)
    is_address = parts.scheme in ("http", "https") and parts.hostname
    if not is_address or "@" in parts.netloc or parts.query or parts.fragment:
        raise _wrong("has an endpoint_url that is not of the form https://host:port")
    return endpoint


def _given(parts: SplitResult) -> dict[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    for name, value in pairs:
        if name not in _NAMES:
            raise _wrong(f"has the unknown option {name!r}; known are {', '.join(_NAMES)}")
        if not value or [each for each, _ in pairs].count(name) > 1:
            raise _wrong(f"needs one value for {name}")
    return dict(pairs)


def _bucket(place: str) -> str:
    if not _BUCKET.fullmatch(place):
        # Never the name itself: somebody may have put a key there.
        raise _wrong("must be s3://bucket/prefix, the bucket by its name, without keys or ports")
    return place


def _prefix(path: str) -> str:
    prefix = unquote(path).strip("/")
    if prefix and not is_key(prefix):
        raise _wrong("has a prefix that is not names joined by /")
    return prefix and f"{prefix}/"


def _region(region: str | None) -> str | None:
    if region is not None and not _REGION.fullmatch(region):
        raise _wrong("has a region that is not of the form eu-central-1")
    return region


def _kms_key(given: dict[str, str]) -> str | None:
    key = given.get("kms_key_id")
    if key and not given.get("sse", "").startswith("aws:kms"):
        raise _wrong("has a kms_key_id, which needs sse=aws:kms")
    return key


def _one_of(known: tuple[str, ...], given: dict[str, str], name: str) -> str | None:
    value = given.get(name)
    if value is not None and value not in known:
        raise _wrong(f"has an unknown {name}; known are {', '.join(known)}")
    return value


def _wrong(what: str) -> ValueError:
    return ValueError(f"STORAGE_URL {what}.")
