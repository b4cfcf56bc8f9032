"""What stands behind a PostgreSQL URL, for people who look for what is wrong."""

import asyncpg

from datalayer.reports import StoreDescription
from datalayer.stores.sql.postgres.connections import Address
from datalayer.stores.sql.postgres.errors import connecting, translated

_ABOUT = """
SELECT current_setting('server_version') AS version, pg_backend_pid() AS pid,
    (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls
"""


async def probe(address: Address) -> StoreDescription:
    """Connect once and say what server it is and how it is reached. Raises `StoreUnavailable`.

    Behind a pooler nothing is said of TLS: the server sees the pooler's own connection.
    """
    with translated():
        with connecting():
            connection = await asyncpg.connect(**address.connect)
        try:
            row = await connection.fetchrow(_ABOUT)
            # A pooler gives a number of its own to whoever connects.
            is_pooled = connection.get_server_pid() != row["pid"]
        finally:
            await connection.close()
    return _described(f"PostgreSQL {row['version']}", row["tls"], address, is_pooled=is_pooled)


def _described(
    name: str, tls: str | None, address: Address, *, is_pooled: bool
) -> StoreDescription:
    if not is_pooled:
        return StoreDescription(f"{name}, {tls or 'without TLS'}")
    if address.pgbouncer:
        return StoreDescription(f"{name} behind a pooler")
    warning = f"A pooler such as PgBouncer stands before {name}, and DATABASE_URL does not say so."
    return StoreDescription(name, warning, "Add pgbouncer=true to its options.")
