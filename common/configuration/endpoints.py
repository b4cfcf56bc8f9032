"""Values as people copy them: addresses and keys of an API, and all else that can be set."""

import re
from urllib.parse import urlsplit, urlunsplit

# What documentation shows as the address of a request, and is none of a base.
_OPERATION = re.compile(
    r"/(chat/completions|completions|responses|models|embeddings)/*$", re.IGNORECASE
)
_QUOTES = "\"'\u201c\u201d\u2018\u2019"
_INVISIBLE = re.compile("[\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")


# Of several words it may be a sentence, with the marks of what is quoted in it.
_WORD = re.compile(rf"([{_QUOTES}\u201e«»])(\S*)[{_QUOTES}«»]")


def without_quotes(value: str) -> str:
    """Return a value without the quotation marks around it, if it is one word.

    A word processor writes typographic ones, and Docker takes all that `--env-file` has.
    """
    found = _WORD.fullmatch(value.strip())
    return found[2] if found else value


def base_url(url: str) -> str:
    """Return the base of an API's addresses, where the address of one operation is given."""
    parts = urlsplit(url.strip())
    path = _OPERATION.sub("", parts.path).rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def clean_key(key: str) -> str:
    """Return a key without blanks, quotes and `Bearer` around it. Raises `ValueError`."""
    cleaned = _INVISIBLE.sub("", key.strip().removeprefix("Bearer ")).strip(_QUOTES)
    if not cleaned.isascii() or not cleaned.isprintable():
        message = "a character of the key is no ASCII: copy it anew, without what surrounds it"
        raise ValueError(message)
    return cleaned
