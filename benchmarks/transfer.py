"""One file on its way to a storage or back, in a process of its own, which tells what it took.

Run with a job as JSON on its input, it prints the result as JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil

from storage.credentials import Credentials
from storage.factory import open_storage

MIME = "application/octet-stream"
WARM = b"x" * 1024


@dataclass(frozen=True, slots=True)
class TransferJob:
    """One transfer: `up` or down, by whose client, and how the service is reached."""

    ours: bool
    up: bool
    service: str  # s3 or azure
    key: str
    path: str
    url: str
    credentials: dict[str, str]


@dataclass(frozen=True, slots=True)
class TransferResult:
    """Seconds taken, and bytes by which the process grew over what it was when it was warm."""

    seconds: float
    growth: int


class KeepchatClient:
    """Our storage."""

    def __init__(self, storage: Any) -> None:
        self._storage = storage

    async def up(self, key: str, path: Path) -> None:
        """Store a file."""
        await self._storage.put(key, path, mime=MIME)

    async def down(self, key: str) -> int:
        """Read a file; returns its size."""
        async with self._storage.open(key) as opened:
            return sum([len(chunk) async for chunk in opened.body])


class ChainlitClient:
    """Chainlit's client, which takes bytes; what it has stored is read by the link it gives."""

    def __init__(self, client: Any, host: str = "") -> None:
        self._client = client
        self._host = host

    async def up(self, key: str, path: Path) -> None:
        """Store a file."""
        found = await self._client.upload_file(key, path.read_bytes(), MIME)  # noqa: ASYNC240
        assert found, "Chainlit's client did not store it"

    async def down(self, key: str) -> int:
        """Read a file; returns its size."""
        link = await self._client.get_read_url(key)
        if self._host:  # the one of Microsoft's cloud is written into their code
            link = f"{self._host}/{link.split('/', 3)[3]}"
        async with httpx2.AsyncClient(timeout=60) as browser, browser.stream("GET", link) as reply:
            reply.raise_for_status()
            return sum([len(chunk) async for chunk in reply.aiter_raw()])


@asynccontextmanager
async def _client(job: TransferJob) -> AsyncIterator[KeepchatClient | ChainlitClient]:
    if job.ours:
        storage = open_storage(job.url, Path.cwd(), Credentials(**job.credentials))
        yield KeepchatClient(storage)
        await storage.close()
    elif job.service == "s3":
        yield ChainlitClient(_chainlit_s3(job))
    else:
        client = _chainlit_azure(job)
        yield ChainlitClient(client, host=_fields(job)["BlobEndpoint"])
        await client.close()


def _chainlit_s3(job: TransferJob) -> Any:
    from chainlit.data.storage_clients.s3 import S3StorageClient

    location, _, endpoint = job.url.partition("?endpoint_url=")
    return S3StorageClient(
        bucket=location.split("/")[2],
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=job.credentials["aws_access_key_id"],
        aws_secret_access_key=job.credentials["aws_secret_access_key"],
    )


def _chainlit_azure(job: TransferJob) -> Any:
    from azure.storage.blob.aio import BlobServiceClient
    from chainlit.data.storage_clients.azure_blob import AzureBlobStorageClient

    fields = _fields(job)
    container = job.url.split("/")[2]
    client = AzureBlobStorageClient(container, fields["AccountName"], fields["AccountKey"])
    # It cannot be told of another host than Microsoft's: what it made is exchanged.
    client.service_client = BlobServiceClient.from_connection_string(
        job.credentials["azure_connection_string"]
    )
    client.container_client = client.service_client.get_container_client(container)
    return client


def _fields(job: TransferJob) -> dict[str, str]:
    """Return what the connection string says."""
    pairs = job.credentials["azure_connection_string"].split(";")
    return dict(pair.split("=", 1) for pair in pairs if pair)


async def _run(job: TransferJob) -> TransferResult:
    async with _client(job) as client:
        warm = Path(job.path).with_name("warm")
        await asyncio.to_thread(warm.write_bytes, WARM)
        await client.up(f"{job.key}-warm", warm)
        assert await client.down(f"{job.key}-warm") == len(WARM)
        before, start = psutil.Process().memory_info().rss, time.perf_counter()
        if job.up:
            await client.up(job.key, Path(job.path))
        else:
            size = await asyncio.to_thread(lambda: Path(job.path).stat().st_size)
            assert await client.down(job.key) == size, "not the whole file"
        seconds = time.perf_counter() - start
    return TransferResult(seconds, max(0, _peak() - before))


def _peak() -> int:
    """Return the most memory that this process had, in bytes, since it was started."""
    # Not by `resource`, whose figure begins with that of the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_run(TransferJob(**json.load(sys.stdin)))))))
