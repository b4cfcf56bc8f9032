"""What the doctor says about storages, on real ones."""

import time
from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from pathlib import Path

import httpx2
import pytest

from cli.doctor import checks
from cli.doctor.links import problem_of, try_link
from settings import Settings
from storage.errors import StorageDenied
from storage.local.storage import LocalStorage
from tests.support.servers.azurite import Azurite
from tests.support.servers.proxy import running_proxy
from tests.support.servers.seaweedfs import BUCKET, KEY, SECRET, SeaweedFS
from tests.support.waiting import free_port

Set = Callable[..., Settings]
RIGHT = b"Keepchat tries a link."


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Set:
    """Settings of nothing but what is given."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def make(url: str, **variables: str) -> Settings:
        for name, value in {"DATA_DIR": str(tmp_path), "STORAGE_URL": url, **variables}.items():
            monkeypatch.setenv(name, value)
        return Settings()

    return make


def keys(**changed: str) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET} | changed


async def test_a_folder(given: Set, tmp_path: Path) -> None:
    found = await checks.storage(given("file:" + str(tmp_path / "files")))
    assert found.status == "ok"
    assert str(tmp_path / "files") in found.message
    assert [path.name for path in (tmp_path / "files").iterdir()] == [".partial"]


async def test_a_bucket(given: Set, seaweedfs: SeaweedFS, key: str) -> None:
    found = await checks.storage(given(seaweedfs.url(key), **keys()))
    assert (found.status, found.remedy) == ("ok", "")
    assert f"s3://{BUCKET}/{key} at {seaweedfs.endpoint}" in found.message
    assert seaweedfs.client.list_objects_v2(Bucket=BUCKET, Prefix=key)["KeyCount"] == 0


async def test_a_url_that_cannot_be_read(given: Set) -> None:
    found = await checks.storage(given("s3://files?colour=red"))
    assert found.status == "failed"
    assert "'colour'; known are" in found.message


@pytest.mark.parametrize(
    ("variables", "bucket", "hint"),
    [
        (keys(AWS_ACCESS_KEY_ID="nobody"), BUCKET, "AWS_ACCESS_KEY_ID"),
        (keys(AWS_SECRET_ACCESS_KEY="geheim"), BUCKET, "AWS_SECRET_ACCESS_KEY"),
        (keys(), "not-there", "make the bucket"),
    ],
    ids=["key", "secret", "bucket"],
)
async def test_what_is_refused(
    given: Set, seaweedfs: SeaweedFS, key: str, variables: dict[str, str], bucket: str, hint: str
) -> None:
    found = await checks.storage(given(seaweedfs.url(key, bucket=bucket), **variables))
    assert found.status == "failed"
    assert hint in found.message
    assert "geheim" not in found.message


@pytest.mark.slow
async def test_a_service_that_is_down(given: Set) -> None:
    url = f"s3://{BUCKET}?endpoint_url=http://127.0.0.1:{free_port()}"
    found = await checks.storage(given(url, **keys()))
    assert found.status == "failed"
    assert "addressing_style=path" in found.message


async def test_links_that_lead_nowhere(given: Set, seaweedfs: SeaweedFS, key: str) -> None:
    async with running_proxy(seaweedfs.port) as proxy:
        proxy.cuts_links = True
        found = await checks.storage(
            given(f"s3://{BUCKET}/{key}?endpoint_url={proxy.url}", **keys())
        )
    assert found.status == "warning"
    assert "cannot be followed" in found.message
    assert "endpoint_url" in found.remedy


@pytest.mark.parametrize(
    ("answer", "what", "remedy"),
    [
        (httpx2.Response(307, headers={"location": "x"}), "elsewhere", "region"),
        (httpx2.Response(403), "403", "right to read"),
        (httpx2.Response(200, content=b"<html>"), "something else", "endpoint_url"),
    ],
)
def test_problems_of_links(answer: httpx2.Response, what: str, remedy: str) -> None:
    problem = problem_of(answer, time.time())
    assert problem
    assert what in problem[0]
    assert remedy in problem[1]


@pytest.mark.parametrize(("seconds", "is_told"), [(0, False), (50, False), (-90, True), (90, True)])
def test_a_clock_that_is_somewhat_wrong_is_told(seconds: int, is_told: bool) -> None:
    now = 1_800_000_000.0
    answer = httpx2.Response(200, content=RIGHT, headers={"date": formatdate(now + seconds)})
    problem = problem_of(answer, now)
    assert (problem is not None) is is_told
    assert problem is None or f"by {-seconds} s" in problem[0]


# Azure


@pytest.fixture
async def container(azurite: Azurite) -> AsyncIterator[str]:
    async with azurite.container() as name:
        yield name


def at(server: Azurite, container: str, port: int = 0) -> str:
    """STORAGE_URL of a prefix in a container, also by way of another port."""
    return f"azure://{container}/a?account_url={server.account_url_at(port or server.port)}"


async def test_a_container(given: Set, azurite: Azurite, container: str) -> None:
    url = f"azure://{container}/a"
    for settings in (
        given(at(azurite, container), AZURE_STORAGE_KEY=azurite.key),
        given(url, AZURE_STORAGE_CONNECTION_STRING=azurite.connection_string),
    ):
        found = await checks.storage(settings)
        assert (found.status, found.remedy) == ("ok", "")
        assert f"{url}/ at {azurite.account_url}" in found.message
    async with azurite.client() as client:
        left = [blob async for blob in client.get_container_client(container).list_blobs()]
    assert left == []


@pytest.mark.parametrize(
    ("variables", "name", "hint"),
    [
        ({"AZURE_STORAGE_KEY": "Z2VoZWlt"}, None, "check AZURE_STORAGE_KEY"),
        ({"AZURE_STORAGE_SAS_TOKEN": "sv=1&sig=Z2VoZWlt"}, None, "AZURE_STORAGE_SAS_TOKEN allows"),
        ({}, "not-there", "create=true"),
    ],
    ids=["key", "token", "container"],
)
async def test_what_azure_refuses(
    given: Set,
    azurite: Azurite,
    container: str,
    variables: dict[str, str],
    name: str | None,
    hint: str,
) -> None:
    signed = variables or {"AZURE_STORAGE_KEY": azurite.key}
    found = await checks.storage(given(at(azurite, name or container), **signed))
    assert found.status == "failed"
    assert hint in found.message
    assert "Z2VoZWlt" not in found.message


async def test_who_we_are_to_azure_is_said_twice(given: Set) -> None:
    found = await checks.storage(
        given(
            "azure://files",
            AZURE_STORAGE_ACCOUNT="account",
            AZURE_STORAGE_KEY="Z2VoZWlt",
            AZURE_STORAGE_SAS_TOKEN="sig=Z2VoZWlt",
        )
    )
    assert found.status == "failed"
    assert "Two ways" in found.message
    assert "Z2VoZWlt" not in found.message


async def test_links_to_azure_that_lead_nowhere(
    given: Set, azurite: Azurite, container: str
) -> None:
    async with running_proxy(azurite.port) as proxy:
        proxy.cuts_links = True
        url = at(azurite, container, proxy.port)
        found = await checks.storage(given(url, AZURE_STORAGE_KEY=azurite.key))
    assert found.status == "warning"
    assert "cannot be followed" in found.message
    assert "account_url" in found.remedy


async def test_links_that_may_not_be_signed(tmp_path: Path) -> None:
    class Unsigned(LocalStorage):
        async def read_url(self, *given: object, **answer: object) -> str | None:
            raise StorageDenied("Give this identity a role.")

    files = Unsigned(tmp_path)
    problem = await try_link(files, "doctor")
    assert problem == ("Links cannot be signed.", "Give this identity a role.")
    assert [item async for item in files.list()] == []
