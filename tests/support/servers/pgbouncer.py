"""A real PgBouncer for the tests, before a PostgreSQL, in transaction mode."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.support.needs import find_pgbouncer
from tests.support.servers.child import ChildServer
from tests.support.servers.postgres import PASSWORD, USER, Postgres
from tests.support.waiting import free_port

_NOBODY = "nobody"  # whoever starts the tests as root; PgBouncer refuses to run as root


class PgBouncer(ChildServer):
    """The pooler: however many clients it has, the server sees `servers` connections at most."""

    def __init__(
        self, server: Postgres, settings: Mapping[str, str], *, database: str, servers: int
    ) -> None:
        super().__init__("pgbouncer")
        self.port = free_port()
        self._ini = self._folder / "pgbouncer.ini"
        quoted = PASSWORD.replace('"', '""')
        users = self._folder / "users.txt"
        users.write_text(f'"{USER}" "{quoted}"\n', encoding="utf-8")
        given = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": str(self._folder),
            "auth_type": "scram-sha-256",
            "auth_file": str(users),
            "pool_mode": "transaction",
            "default_pool_size": str(servers),
            "max_client_conn": "500",
            "logfile": str(self._folder / "log"),
            **settings,
        }
        lines = [f"{database} = host=127.0.0.1 port={server.port}", "[pgbouncer]"]
        lines += [f"{name} = {value}" for name, value in given.items()]
        self._ini.write_text("\n".join(["[databases]", *lines, ""]), encoding="utf-8")
        if os.getuid() == 0:
            for path in (self._folder, users, self._ini):
                shutil.chown(path, _NOBODY)

    def require_tls(self, certificate: Path) -> None:
        """Take connections with TLS only; the certificate's key lies beside it."""
        lines = ["client_tls_sslmode = require"]
        for kind, source in (("cert", certificate), ("key", certificate.with_suffix(".key"))):
            own = shutil.copy(source, self._folder)
            if os.getuid() == 0:
                shutil.chown(own, _NOBODY)
            lines.append(f"client_tls_{kind}_file = {own}")
        self._ini.write_text("\n".join([self._ini.read_text(), *lines, ""]))

    def start(self) -> None:
        """Start it, on the same port as before."""
        drop = ["-u", _NOBODY] if os.getuid() == 0 else []
        command = [str(find_pgbouncer()), "-q", *drop, str(self._ini)]
        self.run(command)

    def url(self, database: str, *, password: str = PASSWORD) -> str:
        """The URL of a database by way of it, without options."""
        return f"postgresql://{USER}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"


@contextmanager
def running_pgbouncer(
    server: Postgres,
    certificate: Path | None = None,
    *,
    database: str = "*",
    servers: int = 3,
    **settings: str,
) -> Iterator[PgBouncer]:
    """Run one before a server, with further settings for its configuration.

    It knows the one `database`, or all, and with a certificate it takes TLS only.
    """
    bouncer = PgBouncer(server, settings, database=database, servers=servers)
    try:
        if certificate:
            bouncer.require_tls(certificate)
        bouncer.start()
        yield bouncer
    finally:
        bouncer.remove()
