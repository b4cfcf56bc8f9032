"""A real PostgreSQL for the tests, started on a free port and stopped again.

It asks for a password as a real one does, and does not wait for the disk, so that the tests are
quick. The benchmarks run it as durable as it is in production.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from tests.support.needs import find_postgres
from tests.support.waiting import free_port, hold

USER = "keepchat"
CERTIFIED = "certified"  # a user who is asked for a certificate, where there is an authority
PASSWORD = "pässword:/?#[]@%&=+ 1"
_NOBODY = 65534  # whoever starts the tests as root; PostgreSQL refuses to run as root
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_DURABLE = (
    *("fsync=on", "synchronous_commit=on", "full_page_writes=on"),
    *("shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=15min"),
)


class Postgres:
    """The server. `query` looks into it and may be called from anywhere."""

    def __init__(
        self,
        certificate: Path | None = None,
        *,
        authority: Path | None = None,
        durable: bool = False,
        folder: Path | None = None,
    ) -> None:
        self.port = free_port()
        self._programs = find_postgres()
        self._kept = folder is not None
        self._folder = folder or Path(tempfile.mkdtemp(prefix="keepchat-pg-"))
        self._data = self._folder / "data"
        self.log = self._folder / "log"
        self._thread = ThreadPoolExecutor(1, "postgres-query")
        self._runner = asyncio.Runner()
        self._connections: dict[str, asyncpg.Connection] = {}
        self._held = ExitStack()
        self._settings = [*(_DURABLE if durable else _QUICK)]
        if not self._data.exists():
            self._make()
        if certificate:
            self._offer_tls(certificate, authority)

    def _make(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        password = self._folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        if os.getuid() == 0:
            for path in (self._folder, password):
                os.chown(path, _NOBODY, _NOBODY)
        self._run(
            *("initdb", "-D", self._data, "-U", USER, f"--pwfile={password}", "--no-sync"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"),
        )

    def _offer_tls(self, certificate: Path, authority: Path | None) -> None:
        files = {"cert": certificate, "key": certificate.with_suffix(".key")}
        if authority:
            files["ca"] = authority
            self._ask_for_certificates()
        for kind, source in files.items():
            own = shutil.copy(source, self._folder)
            Path(own).chmod(0o600)
            if os.getuid() == 0:
                os.chown(own, _NOBODY, _NOBODY)
            self._settings.append(f"ssl_{kind}_file={own}")
        self._settings.append("ssl=on")

    def _ask_for_certificates(self) -> None:
        rules = self._data / "pg_hba.conf"
        line = f"hostssl all {CERTIFIED} 127.0.0.1/32 scram-sha-256 clientcert=verify-full\n"
        rules.write_text(line + rules.read_text())

    def start(self) -> None:
        """Start it, on the same port as before."""
        self._held.close()
        options = [f"-p {self.port}", f"-k {self._folder}", "-c listen_addresses=127.0.0.1"]
        options += [f"-c {setting}" for setting in self._settings]
        command = ("-l", self.log, "-w", "-o", " ".join(options), "start")
        self._run("pg_ctl", "-D", self._data, *command)

    @property
    def pid(self) -> int:
        """The number of its first process."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def stop(self) -> None:
        """Stop it; whoever is connected loses the connection."""
        self._submit(self._disconnect())
        self._run("pg_ctl", "-D", self._data, "-m", "fast", "-w", "stop")
        self._held.enter_context(hold(self.port))

    def crash(self) -> None:
        """End it without letting it finish anything: it recovers when it is started again."""
        self._submit(self._disconnect())
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")
        self._held.enter_context(hold(self.port))

    def remove(self) -> None:
        """Stop it for good and remove what it kept, but for a folder that it was given."""
        try:
            if (self._data / "postmaster.pid").exists():
                self.stop()
        finally:
            self._held.close()
            self._thread.submit(self._runner.close).result()
            self._thread.shutdown()
            if not self._kept:
                shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str | Path) -> None:
        drop = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
        command = [*(drop if os.getuid() == 0 else ()), self._programs / program, *arguments]
        with (self._folder / "output").open("w+") as output:
            done = subprocess.run(
                command, cwd=self._folder, stdout=output, stderr=subprocess.STDOUT, check=False
            )
            output.seek(0)
            assert done.returncode == 0, output.read()

    # Databases

    def url(
        self, database: str = "postgres", *, password: str = PASSWORD, port: int | None = None
    ) -> str:
        """The URL of a database, by way of another port if one leads here."""
        secret = quote(password, safe="")
        return f"postgresql://{USER}:{secret}@127.0.0.1:{port or self.port}/{database}"

    def socket_url(self, database: str) -> str:
        """The URL of a database by way of the server's socket."""
        host, port = quote(str(self._folder), safe=""), self.port
        return f"postgresql://{USER}:{quote(PASSWORD, safe='')}@/{database}?host={host}&port={port}"

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """Give a new, empty database, and remove it afterwards."""
        self.query(f'CREATE DATABASE "{name}"')
        try:
            yield name
        finally:
            self._submit(self._disconnect(name))
            self.query(f'DROP DATABASE "{name}" WITH (FORCE)')

    def query(self, statement: str, *values: object, database: str = "postgres") -> list[Any]:
        """What a statement returns, as tuples."""
        found: list[Any] = self._submit(self._query(database, statement, values))
        return found

    def run(self, script: str, *, database: str) -> None:
        """Run statements that return nothing."""
        self._submit(self._execute(database, script))

    def _submit(self, work: Any) -> Any:
        # In a thread with a loop of its own, since the caller may be in the middle of another.
        return self._thread.submit(self._runner.run, work).result()

    async def _connected(self, database: str) -> asyncpg.Connection:
        known = self._connections.get(database)
        if known is None or known.is_closed():  # the database may have been removed and made anew
            self._connections[database] = known = await asyncpg.connect(self.url(database))
        return known

    async def _execute(self, database: str, script: str) -> None:
        await (await self._connected(database)).execute(script)

    async def _query(self, database: str, statement: str, values: tuple[object, ...]) -> list[Any]:
        connection = await self._connected(database)
        return [tuple(row) for row in await connection.fetch(statement, *values)]

    async def _disconnect(self, database: str | None = None) -> None:
        for name in [database] if database else list(self._connections):
            if connection := self._connections.pop(name, None):
                await connection.close()


@contextmanager
def running_postgres(
    certificate: Path | None = None,
    *,
    authority: Path | None = None,
    durable: bool = False,
    folder: Path | None = None,
) -> Iterator[Postgres]:
    """Run a server; with a certificate, whose key lies beside it, it offers TLS.

    With an `authority` it asks the user `CERTIFIED` for a certificate of that one. A `durable` one
    waits for the disk. What is in a `folder` is used, and stays.
    """
    server = Postgres(certificate, authority=authority, durable=durable, folder=folder)
    server.start()
    try:
        yield server
    finally:
        server.remove()
