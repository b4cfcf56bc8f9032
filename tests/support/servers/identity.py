"""A provider of identities: oidc-provider, started on a free port and stopped again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.needs import find_node
from tests.support.servers.child import ChildServer
from tests.support.waiting import free_port

CLIENT_ID = "keepchat"
CLIENT_SECRET = "a secret with +, % and ~"
_SCRIPT = Path(__file__).with_suffix(".mjs")

Person = Mapping[str, Any]


class Identity(ChildServer):
    """The server. It knows people by their subject; whoever is called so there signs in."""

    def __init__(self, people: Mapping[str, Person]) -> None:
        super().__init__("identity")
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._people = people
        self._origins: Sequence[str] = ()

    @property
    def settings(self) -> dict[str, str]:
        """What the program is told of it."""
        return {
            "AUTH_MODE": "oidc",
            "OIDC_ISSUER": self.url,
            "OIDC_CLIENT_ID": CLIENT_ID,
            "OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "OIDC_SCOPES": "openid profile email groups",
        }

    def start(self, *origins: str) -> None:
        """Start it, on the same port as before, for programs at these addresses."""
        self._origins = origins or self._origins
        client = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uris": [f"{one}/auth/oauth/oidc/callback" for one in self._origins],
            "post_logout_redirect_uris": [f"{one}/login" for one in self._origins],
        }
        told = {"port": self.port, "clients": [client], "people": self._people}
        self.run([str(find_node()), str(_SCRIPT), json.dumps(told)])


@contextmanager
def identity_server(people: Mapping[str, Person]) -> Iterator[Identity]:
    """Give one that is not started yet, and remove it afterwards."""
    server = Identity(people)
    try:
        yield server
    finally:
        server.remove()
