"""A real nginx for the tests, before the program: with what a test writes into its server."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.needs import find_nginx
from tests.support.servers.child import ChildServer
from tests.support.waiting import free_port

DOCS = Path(__file__).resolve().parents[3] / "docs"
# What every configuration has; nothing of it lies in the folders of the system's own nginx.
_FRAME = """
daemon off;
pid {folder}/pid;
error_log {folder}/log;
events {{}}
http {{
  access_log {folder}/access;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {http}
  server {{
    listen 127.0.0.1:{port};
    {server}
  }}
}}
"""


class Nginx(ChildServer):
    """The proxy."""

    def __init__(self, server: str, http: str = "") -> None:
        super().__init__("nginx")
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._configuration = self._folder / "nginx.conf"
        user = "user root;\n" if os.getuid() == 0 else ""
        text = _FRAME.format(folder=self._folder, port=self.port, server=server, http=http)
        self._configuration.write_text(user + text)

    def start(self) -> None:
        """Start it."""
        own = ("-p", str(self._folder), "-c", str(self._configuration), "-e", "stderr")
        self.run([str(find_nginx()), *own])

    def asked(self) -> str:
        """Its log of requests."""
        return (self._folder / "access").read_text()

    def stop(self) -> None:
        """End it, and its workers with it."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        super().stop()


@contextmanager
def running_nginx(server: str, http: str = "") -> Iterator[Nginx]:
    """Run one with lines for its server, and for what stands around that."""
    nginx = Nginx(server, http)
    try:
        nginx.start()
        yield nginx
    finally:
        nginx.remove()


def documented(section: str, changed: Mapping[str, str]) -> str:
    """Return what a section of docs/login.md has for nginx, with other texts for some.

    So what people are told to write is what is tried.
    """
    text = (DOCS / "login.md").read_text()
    [part] = re.findall(rf"^### {section}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    found = re.search(r"```nginx\n(.*?)```", part, re.DOTALL)
    assert found, section
    lines = found[1]
    for old, new in changed.items():
        assert old in lines, old
        lines = lines.replace(old, new)
    return lines
