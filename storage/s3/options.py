"""What STORAGE_URL says about an S3 bucket. Pure functions."""

import re
from dataclasses import dataclass
from typing import Literal, Self, cast

from common.aws import is_endpoint
from storage.urls import invalid_url, key_prefix, query_options, split_url

AddressingStyle = Literal["auto", "path", "virtual"]

_STYLES = ("auto", "path", "virtual")
_ENCRYPTIONS = ("AES256", "aws:kms", "aws:kms:dsse")
_KNOWN = ("addressing_style", "endpoint_url", "kms_key_id", "region", "sse")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_REGION = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class S3Options:
    """A bucket, what all keys in it begin with, and how it is reached and encrypts.

    `prefix` is empty or ends with a slash. `sse` None leaves encryption to the bucket's own rule.
    """

    bucket: str
    prefix: str = ""
    region: str | None = None
    endpoint_url: str | None = None
    addressing_style: AddressingStyle = "auto"
    sse: str | None = None
    kms_key_id: str | None = None

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read `s3://bucket/prefix?option=value&…`. Raises `ValueError`, which shows no value."""
        parts = split_url(url)
        given = query_options(parts, _KNOWN)
        style = _one_of(_STYLES, given, "addressing_style") or "auto"
        return cls(
            bucket=_bucket(parts.netloc),
            prefix=key_prefix(parts),
            region=_region(given.get("region")),
            endpoint_url=_endpoint(given.get("endpoint_url")),
            addressing_style=cast(AddressingStyle, style),
            sse=_one_of(_ENCRYPTIONS, given, "sse"),
            kms_key_id=_kms_key(given),
        )


def _endpoint(endpoint: str | None) -> str | None:
    if endpoint is not None and not is_endpoint(endpoint):
        raise invalid_url("has an endpoint_url that is not of the form https://host:port")
    return endpoint


def _bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name):
        # Never the name itself: somebody may have put a key there.
        raise invalid_url(
            "must be s3://bucket/prefix, the bucket by its name, without keys or ports"
        )
    return name


def _region(region: str | None) -> str | None:
    if region is not None and not _REGION.fullmatch(region):
        raise invalid_url("has a region that is not of the form eu-central-1")
    return region


def _kms_key(given: dict[str, str]) -> str | None:
    key = given.get("kms_key_id")
    if key and not given.get("sse", "").startswith("aws:kms"):
        raise invalid_url("has a kms_key_id, which needs sse=aws:kms")
    return key


def _one_of(known: tuple[str, ...], given: dict[str, str], option: str) -> str | None:
    value = given.get(option)
    if value is not None and value not in known:
        raise invalid_url(f"has an unknown {option}; known are {', '.join(known)}")
    return value
