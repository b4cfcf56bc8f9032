"""What the program says as it starts: where its page is."""

import logging
import webbrowser
from collections.abc import Callable, MutableMapping
from types import SimpleNamespace
from typing import Any

from chainlit import server

from patches.originals import replace
from patches.patch import Parts

AVAILABLE = "Your app is available at "

Link = Callable[[str], str]


def tell_link(parts: Parts) -> None:
    """Print the link that lets in where a bare address does not, and open it in the browser."""
    link = parts.login.link
    replace(server, "logger", lambda original: Announcing(original, link))
    replace(server, "webbrowser", lambda _original: SimpleNamespace(open=opening(link)))


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
