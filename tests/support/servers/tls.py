"""The proxies that speak TLS before one program, by the very files of deploy/."""

import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.support.needs import find_caddy
from tests.support.servers.certificates import make_authority, sign
from tests.support.servers.child import ChildServer
from tests.support.servers.nginx import Nginx
from tests.support.waiting import free_port

PROJECT = Path(__file__).resolve().parents[3]
DEPLOY = PROJECT / "deploy"
NAME = "chat.example.org"
PROGRAM = "127.0.0.1:8000"
_HANDSHAKE_S = 5.0


class TlsProxy:
    """What people have: an address of HTTPS, and one of HTTP that leads to it.

    `authority` is the certificate that they trust.
    """

    is_local = False

    def __init__(self, port: int, plain_port: int, authority: Path) -> None:
        self.url = f"https://localhost:{port}"
        self.plain_url = f"http://localhost:{plain_port}"
        self.authority = authority

    @staticmethod
    def way_in(path: str = "/") -> str:
        """The path by which a new browser comes to a page: its own, for there is a login page."""
        return path


Run = Callable[[int, Path, str], AbstractContextManager[TlsProxy]]


@contextmanager
def running_nginx_tls(program: int, folder: Path, prefix: str = "") -> Iterator[TlsProxy]:
    """nginx before a program at a port of this computer, which is under a path."""
    port, plain = free_port(), free_port()
    authority = make_authority(folder, "authority")
    certificate = sign(authority, "localhost")
    live = f"/etc/letsencrypt/live/{NAME}"
    lines = _changed(
        "nginx-tls.conf",
        {
            "    listen [::]:80;\n": "",
            "    listen [::]:443 ssl http2;\n": "",
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
            f"server_name {NAME};": "server_name localhost;",
            "https://$host$request_uri": f"https://$host:{port}$request_uri",
            f"{live}/fullchain.pem": str(certificate),
            f"{live}/privkey.pem": str(certificate.with_suffix(".key")),
            **_nginx_below(prefix),
            PROGRAM: f"127.0.0.1:{program}",
        },
    )
    nginx = Nginx("", lines)
    try:
        nginx.start()
        yield TlsProxy(port, plain, authority)
    finally:
        nginx.remove()


class Caddy(ChildServer):
    """Caddy, which is its own authority for a name of this computer."""

    def __init__(self, lines: str, port: int) -> None:
        super().__init__("caddy")
        self.port = port
        self.authority = self._folder / "kept/caddy/pki/authorities/local/root.crt"
        self._file = self._folder / "Caddyfile"
        self._file.write_text(lines)

    def start(self) -> None:
        """Start it; nothing of it lies in the folders of the system's own."""
        command = [str(find_caddy()), "run", "--config", str(self._file), "--adapter", "caddyfile"]
        kept = {"HOME": str(self._folder), "XDG_DATA_HOME": str(self._folder / "kept")}
        environment = {**os.environ, **kept, "XDG_CONFIG_HOME": str(self._folder / "config")}
        self.run(command, environment, is_ready=self._has_certificate)

    def _has_certificate(self) -> bool:
        """It listens before it has made one."""
        try:
            context = ssl.create_default_context(cafile=self.authority)
            with (
                socket.create_connection(("127.0.0.1", self.port), _HANDSHAKE_S) as connection,
                context.wrap_socket(connection, server_hostname="localhost"),
            ):
                return True
        except OSError:
            return False


@contextmanager
def running_caddy_tls(program: int, _folder: Path, prefix: str = "") -> Iterator[TlsProxy]:
    """Caddy before a program at a port of this computer, which is under a path."""
    port, plain = free_port(), free_port()
    options = f"admin off\nskip_install_trust\nhttp_port {plain}\nhttps_port {port}\n"
    lines = _changed(
        "Caddyfile",
        {
            f"{NAME} {{": "localhost {\nbind 127.0.0.1",
            **_caddy_below(prefix),
            PROGRAM: f"127.0.0.1:{program}",
        },
    )
    caddy = Caddy(f"{{\n{options}}}\n{lines}", port)
    try:
        caddy.start()
        yield TlsProxy(port, plain, caddy.authority)
    finally:
        caddy.remove()


PROXIES: Mapping[str, Run] = {"nginx": running_nginx_tls, "caddy": running_caddy_tls}


def _nginx_below(prefix: str) -> Mapping[str, str]:
    """Return the lines that docs/operations.md changes for a path, by what they were."""
    if not prefix:
        return {}
    *changed, new = _documented("```nginx\n(location .*?)```", prefix).splitlines()
    pairs = [line.split("# was: ") for line in changed]
    texts = {was.strip(): text.strip() for text, was in pairs}
    *_, last = texts
    return {**texts, last: f"{texts[last]}\n{new}"}


def _caddy_below(prefix: str) -> Mapping[str, str]:
    """Return what docs/operations.md has for a path, by what stands there without one."""
    if not prefix:
        return {}
    lines = (DEPLOY / "Caddyfile").read_text()
    [proxy] = re.findall(r"^\treverse_proxy .*?^\t}\n", lines, re.DOTALL | re.MULTILINE)
    return {"respond /metrics 404": "", proxy: _documented("```\n(redir .*?)```", prefix)}


def _documented(block: str, prefix: str) -> str:
    page = (PROJECT / "docs" / "operations.md").read_text()
    [lines] = re.findall(block, page, re.DOTALL)
    return str(lines).replace("/chat", prefix)


def _changed(name: str, changed: Mapping[str, str]) -> str:
    """Return a file of deploy/ with other texts for some, and no other change."""
    lines = (DEPLOY / name).read_text()
    for old, new in changed.items():
        assert old in lines, old
        lines = lines.replace(old, new)
    assert NAME not in lines.replace("# ", "")
    return lines
