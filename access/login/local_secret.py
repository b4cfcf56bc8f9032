"""What proves that somebody sits at this computer: a secret that the program's own user can read.

It comes in the link that is opened, in a header of scripts, or made into a cookie of ours.
"""

import hmac
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

from common.files.kept_secret import kept_secret

PARAMETER = "token"
HEADER = "X-Keepchat-Token"
FILE = "local_token"
_KEPT = "/:@!$&'()*+,;=~-._%"  # what a path may have as it is


class LocalSecret:
    """The secret of a file, which is made the first time that it is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _secret(self) -> str:
        return kept_secret(self._path)

    @cached_property
    def cookie(self) -> str:
        """What a browser keeps: from it nobody learns the secret."""
        return hmac.digest(self._secret.encode(), b"keepchat cookie", sha256).hex()

    def is_cookie(self, given: str) -> bool:
        """Tell whether it is what a browser keeps, in constant time."""
        return hmac.compare_digest(given.encode(), self.cookie.encode())

    def is_secret(self, given: str) -> bool:
        """Tell whether it is the secret, in constant time."""
        return hmac.compare_digest(given.encode(), self._secret.encode())

    def link(self, address: str) -> str:
        """Return an address of the page, with what signs in there.

        Raises `OSError`, `ValueError` where the secret cannot be read.
        """
        parts = urlsplit(address)
        query = f"{PARAMETER}={self._secret}"
        return urlunsplit(
            parts._replace(
                path=parts.path or "/", query="&".join(filter(None, (parts.query, query)))
            )
        )


def without_token(query: bytes) -> tuple[list[str], bytes]:
    """Return the tokens of a query, and the query as it is without them."""
    tokens, kept = [], []
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if unquote_plus(name.decode("latin-1")) == PARAMETER:
            tokens.append(unquote_plus(value.decode("latin-1")))
        elif part:
            kept.append(part)
    return tokens, b"&".join(kept)


def same_address(path: bytes, query: bytes) -> str:
    """Return a path and query as an address of this very server, whatever they are made of."""
    whole = "/" + quote(path.lstrip(b"/\\"), safe=_KEPT)
    return f"{whole}?{quote(query, safe=_KEPT + '?')}" if query else whole
