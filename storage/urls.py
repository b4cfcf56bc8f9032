"""What all storages of services have in a STORAGE_URL. Pure functions.

What cannot be read raises `ValueError`, which shows no value: somebody may have put a secret there.
"""

from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from storage.keys import is_key


def invalid_url(reason: str) -> ValueError:
    """Return the error whose sentence begins with STORAGE_URL and goes on with the reason."""
    return ValueError(f"STORAGE_URL {reason}.")


def split_url(url: str) -> SplitResult:
    """Take the URL apart."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise invalid_url("cannot be read") from None  # the cause would show it
    if parts.fragment:
        raise invalid_url("has a #; write it as %23")
    return parts


def query_options(parts: SplitResult, known: tuple[str, ...]) -> dict[str, str]:
    """Return the options, each of which is known and given once."""
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    for name, value in pairs:
        if name not in known:
            raise invalid_url(f"has the unknown option {name!r}; known are {', '.join(known)}")
        if not value or [each for each, _ in pairs].count(name) > 1:
            raise invalid_url(f"needs one value for {name}")
    return dict(pairs)


def key_prefix(parts: SplitResult) -> str:
    """Return what all keys begin with: nothing, or names with a slash after each."""
    prefix = unquote(parts.path).strip("/")
    if prefix and not is_key(prefix):
        raise invalid_url("has a prefix that is not names joined by /")
    return prefix and f"{prefix}/"
