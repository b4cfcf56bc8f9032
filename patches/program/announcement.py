"""What the program says of addresses: where its page is, and what is asked, without secrets."""

import logging
import webbrowser
from collections.abc import Callable, MutableMapping
from types import SimpleNamespace
from typing import Any

from chainlit import server

from access.login.local_secret import without_token
from patches.originals import replace
from patches.patch import Parts

REQUESTS = "uvicorn.access"
AVAILABLE = "Your app is available at "

Link = Callable[[str], str]


def tell_link(parts: Parts) -> None:
    """Print the link that lets in where a bare address does not, and open it in the browser."""
    link = parts.login.link
    replace(server, "logger", lambda original: Announcing(original, link))
    replace(server, "webbrowser", lambda _original: SimpleNamespace(open=opening(link)))


def hide_secrets(_parts: Parts) -> None:
    """Log what is asked without the secret in a link."""
    logging.getLogger(REQUESTS).addFilter(without_secret)


def without_secret(record: logging.LogRecord) -> bool:
    """Take the secret out of an address that is about to be logged."""
    if isinstance(record.args, tuple):
        record.args = tuple(_shown(one) for one in record.args)
    return True


def _shown(logged: object) -> object:
    if not isinstance(logged, str) or "?" not in logged:
        return logged
    path, _, query = logged.partition("?")
    tokens, rest = without_token(query.encode("latin-1", "replace"))
    return f"{path}?{rest.decode('latin-1')}" if tokens else logged


class Announcing(logging.LoggerAdapter[logging.Logger]):
    """Chainlit's logger, which says the link where it says the address."""

    def __init__(self, original: logging.Logger, link: Link) -> None:
        super().__init__(original)
        self._link = link

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        """Return what is logged instead."""
        if isinstance(msg, str) and msg.startswith(AVAILABLE):
            msg = AVAILABLE + self._link(msg.removeprefix(AVAILABLE))
        return msg, kwargs


def opening(link: Link) -> Callable[[str], bool]:
    """Return what opens an address in the browser, with what lets in there."""
    return lambda address: webbrowser.open(link(address))
