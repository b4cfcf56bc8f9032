"""nginx before several replicas, by deploy/nginx.conf: so what people are told to use is tried."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers.nginx import Nginx
from tests.support.waiting import free_port

FILE = Path(__file__).resolve().parents[3] / "deploy" / "nginx.conf"
SWITCHED = 101  # a socket
_LOGGED = """log_format routed escape=json
  '{"login": "$keepchat_login", "to": "$upstream_addr", "status": $status, "path": "$uri"}';"""


@dataclass(frozen=True, slots=True)
class Routed:
    """A request: whose it was, as the proxy sees that, and the replica, or several in turn."""

    login: str
    to: str
    status: int
    path: str


class Balancer:
    """The proxy; `url` is the address that people have."""

    is_local = False

    def __init__(self, nginx: Nginx, port: int, log: Path) -> None:
        self._nginx = nginx
        self._log = log
        self.url = f"http://localhost:{port}"

    @staticmethod
    def way_in(path: str = "/") -> str:
        """The path by which a new browser comes to a page: its own, for there is a login page."""
        return path

    def routed(self) -> list[Routed]:
        """What was asked so far; a socket is, as soon as it is closed."""
        return [Routed(**json.loads(line)) for line in self._log.read_text().splitlines()]

    def replicas_of(self, login: str) -> set[str]:
        """The addresses of the replicas that a login's requests were led to."""
        return {it.to for it in self.routed() if it.login == login and it.status != SWITCHED}

    def forget(self) -> None:
        """Forget what was asked so far."""
        self._log.write_text("")


@contextmanager
def running_balancer(ports: Sequence[int], folder: Path) -> Iterator[Balancer]:
    """Run it before replicas at these ports of this computer."""
    port, log = free_port(), folder / "routed"
    log.touch()
    nginx = Nginx("", f"{_LOGGED} access_log {log} routed;\n{_rendered(port, ports)}")
    try:
        nginx.start()
        yield Balancer(nginx, port, log)
    finally:
        nginx.remove()


def _rendered(port: int, replicas: Sequence[int]) -> str:
    """Return the file with other addresses, and no other change."""
    lines = FILE.read_text()
    changed = {"listen 80;": f"listen 127.0.0.1:{port};", "server_name chat.example.org;": ""}
    for number, replica in enumerate(replicas, 11):
        changed[f"server 10.0.3.{number}:8000"] = f"server 127.0.0.1:{replica}"
    for old, new in changed.items():
        assert lines.count(old) == 1, old
        lines = lines.replace(old, new)
    assert "10.0.3." not in lines
    return lines
