"""What a PostgreSQL URL may ask for: libpq's options, time-outs, and what the sockets are told."""

import pytest

from datalayer.errors import StoreMisconfigured
from datalayer.stores.sql.postgres.connections import parse
from datalayer.stores.sql.postgres.database import PostgresDatabase
from datalayer.stores.sql.postgres.libpq import CONNECT_S, SOCKET
from tests.support.servers.postgres import Postgres

LIBPQ = (
    "connect_timeout=7&channel_binding=require&gssencmode=prefer&sslsni=1&sslcertmode=allow"
    "&keepalives=1&keepalives_idle=11&keepalives_interval=5&keepalives_count=2"
    "&tcp_user_timeout=7000&load_balance_hosts=disable&client_encoding=LATIN1"
    "&fallback_application_name=x&target_session_attrs=read-write"
)


async def said(url: str) -> str:
    """What both ways say of options that the server does not take."""
    database = PostgresDatabase(parse(url))
    with pytest.raises(StoreMisconfigured) as by_statement:
        await database.fetch_text("SELECT 1", ())
    with pytest.raises(StoreMisconfigured) as by_transaction:
        await database.write(lambda _connection: None)
    await database.close()
    assert str(by_statement.value) == str(by_transaction.value)
    return str(by_statement.value)


async def test_options_that_only_libpq_knows_are_taken_or_dropped(postgres: Postgres) -> None:
    database = PostgresDatabase(parse(f"{postgres.url()}?{LIBPQ}"))
    [row] = await database.fetch_text(
        "SELECT 'é' AS said, current_setting('client_encoding') AS as", ()
    )
    assert (row["said"], row["as"]) == ("é", "UTF8")
    assert database.address.connect["timeout"] == 7
    assert database.address.socket == dict(zip(SOCKET, (1, 11, 5, 2, 7000), strict=True))
    await database.close()


@pytest.mark.parametrize("given", ["", "?connect_timeout=0", "?connect_timeout=-1"])
def test_connecting_always_has_a_limit(given: str) -> None:
    assert parse(f"postgresql://h/d{given}").connect["timeout"] == CONNECT_S


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("connect_timeout=soon", "connect_timeout is a number"),
        ("tcp_user_timeout=1s", "tcp_user_timeout is a number"),
        ("require_auth=scram-sha-256", "require_auth in DATABASE_URL is for libpq alone"),
        ("gssencmode=require", "gssencmode=require in DATABASE_URL is for libpq alone"),
        ("sslrootcert=system", "Name the file of the authorities"),
        ("statement_timeout=soon", "statement_timeout is a number of milliseconds"),
        ("lock_timeout=-1", "lock_timeout is a number of milliseconds"),
    ],
)
def test_options_that_cannot_be_kept_end_the_start(given: str, hint: str) -> None:
    with pytest.raises(StoreMisconfigured, match=hint):
        parse(f"postgresql://h/d?{given}")


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ("no_such_option=1", "no_such_option"),
        ("work_mem=much", "work_mem"),
        ("max_connections=9", "max_connections"),
    ],
)
async def test_an_option_that_the_server_does_not_take_is_named(
    postgres: Postgres, option: str, named: str
) -> None:
    assert f'"{named}"' in await said(f"{postgres.url()}?{option}")


@pytest.mark.parametrize(
    ("options", "limit_s"),
    [
        ("", 60),
        ("?statement_timeout=40s", 70),
        ("?statement_timeout=5min", 330),
        ("?statement_timeout=5min&pgbouncer=true", 330),
        ("?statement_timeout=1s", 60),
        ("?statement_timeout=0", None),
    ],
)
async def test_the_server_ends_what_takes_too_long_before_we_do(
    options: str, limit_s: float | None
) -> None:
    database = PostgresDatabase(parse(f"postgresql://h/d{options}"))
    assert database.limit_s == limit_s
    await database.close()
