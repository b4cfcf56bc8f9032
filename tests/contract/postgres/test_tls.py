"""TLS to a PostgreSQL server: who is trusted, and what is said when somebody is not."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from datalayer.errors import StoreMisconfigured
from datalayer.stores.sql.postgres.database import PostgresDatabase
from datalayer.stores.sql.postgres.store import PostgresStore
from tests.support.builders import thread
from tests.support.servers.certificates import make_authority, sign
from tests.support.servers.postgres import CERTIFIED, Postgres, running_postgres

ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@dataclass(frozen=True, slots=True)
class Trust:
    """A server with a certificate for `localhost`, who signed it, and who did not."""

    server: Postgres
    authority: Path
    stranger: Path

    def url(self, options: str, *, user: str | None = None) -> str:
        """The URL of the server as its certificate calls it."""
        url = self.server.url().replace("127.0.0.1", "localhost")
        if user:
            url = f"postgresql://{user}:{user}@{url.rpartition('@')[2]}"
        return f"{url}?{options.replace('{authority}', str(self.authority))}"


@pytest.fixture(scope="module")
def trust(may_serve: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trust]:
    folder = tmp_path_factory.mktemp("tls")
    authority, stranger = (make_authority(folder, name) for name in ("authority", "stranger"))
    with running_postgres(sign(authority, "localhost"), authority=authority) as server:
        server.query(f"CREATE ROLE {CERTIFIED} LOGIN PASSWORD '{CERTIFIED}'")
        yield Trust(server, authority, stranger)


@pytest.fixture(autouse=True)
def _no_files_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


async def is_encrypted(url: str) -> set[bool]:
    """Whether transactions and single statements go by way of TLS."""
    store = PostgresStore(url)
    assert isinstance(store.database, PostgresDatabase)
    found = await store.database.read(lambda on: on.execute(text(ENCRYPTED)).scalar_one())
    [row] = await store.database.fetch_text(ENCRYPTED, ())
    await store.close()
    return {found, row["ssl"]}


async def refusal(url: str) -> str:
    """What is said by transactions, single statements and saves alike."""
    store = PostgresStore(url)
    said = []
    for call in (store.migrate, partial(store.get_user, "alice"), partial(store.apply, [thread()])):
        with pytest.raises(StoreMisconfigured) as caught:
            await call()
        said.append(str(caught.value))
    await store.close()
    assert len(set(said)) == 1
    return said[0]


@pytest.mark.parametrize(
    ("options", "encrypted"),
    [
        ("sslmode=disable", False),
        ("sslmode=prefer", True),
        ("sslmode=require", True),
        ("sslmode=verify-ca&sslrootcert={authority}", True),
        ("sslmode=verify-full&sslrootcert={authority}", True),
    ],
)
async def test_both_ways_are_encrypted_as_the_url_says(
    trust: Trust, options: str, encrypted: bool
) -> None:
    assert await is_encrypted(trust.url(options)) == {encrypted}


async def test_a_certificate_of_somebody_else_is_refused(trust: Trust) -> None:
    for mode in ("require", "verify-ca", "verify-full"):
        url = trust.url(f"sslmode={mode}&sslrootcert={trust.stranger}")
        assert "Name the file of the authority that signed it in sslrootcert" in await refusal(url)


async def test_a_certificate_for_another_host_is_refused(trust: Trust) -> None:
    url = trust.url("sslmode=verify-full&sslrootcert={authority}").replace("localhost", "127.0.0.1")
    said = await refusal(url)
    assert "the server in DATABASE_URL as its certificate does" in said
    assert "'127.0.0.1'" in said


async def test_a_server_without_tls_is_refused(postgres: Postgres) -> None:
    assert "The server offers no TLS" in await refusal(f"{postgres.url()}?sslmode=require")


async def test_a_client_shows_its_certificate(trust: Trust) -> None:
    options = f"sslmode=verify-full&sslrootcert={trust.authority}"
    mine = sign(trust.authority, CERTIFIED)
    shown = f"{options}&sslcert={mine}&sslkey={mine.with_suffix('.key')}"
    assert await is_encrypted(trust.url(shown, user=CERTIFIED)) == {True}
    assert "valid client certificate" in await refusal(trust.url(options, user=CERTIFIED))


@pytest.mark.parametrize(
    "options",
    [
        "sslmode=require&sslrootcert={nonsense}",
        "sslmode=require&sslcert={nonsense}&sslkey={nonsense}",
        "sslmode=require&sslcert={authority}",
        "sslmode=require&sslcert={authority}&sslkey={stranger_key}",
    ],
)
async def test_files_that_hold_nothing_of_use(trust: Trust, options: str, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nothing")
    given = options.replace("{nonsense}", str(nonsense))
    given = given.replace("{stranger_key}", str(trust.stranger.with_suffix(".key")))
    assert "holds no certificate or key that can be used" in await refusal(trust.url(given))


@pytest.mark.parametrize("option", ["sslrootcert", "sslcert", "sslkey", "sslcrl"])
def test_files_that_are_not_there(option: str) -> None:
    with pytest.raises(StoreMisconfigured, match=f"'/no/file.pem' that {option} names"):
        PostgresStore(f"postgresql://u:p@h/d?sslmode=verify-full&{option}=/no/file.pem")
