"""What stands behind a PostgreSQL URL, for people who look for what is wrong."""

from dataclasses import dataclass

import asyncpg

from datalayer.stores.sql.errors import connecting, translated
from datalayer.stores.sql.postgres.connections import parse

_LOOK = """
SELECT current_setting('server_version') AS version, pg_backend_pid() AS pid,
    (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server as one connection shows it.

    `tls` is the protocol's version, empty without TLS; behind a pooler it is that of the pooler's
    own connection. `is_told` says that the URL speaks of the pooler.
    """

    version: str
    tls: str
    is_pooled: bool
    is_told: bool


async def look_at(url: str) -> Server:
    """Connect and look. Raises `StoreUnavailable`."""
    address = parse(url)
    with translated():
        with connecting():
            connection = await asyncpg.connect(**address.connect)
        try:
            row = await connection.fetchrow(_LOOK)
            # A pooler gives a number of its own to whoever connects.
            pooled = connection.get_server_pid() != row["pid"]
            return Server(row["version"], row["tls"] or "", pooled, address.pgbouncer)
        finally:
            await connection.close()
