"""What the tests of S3 share."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from storage.base import Storage
from storage.credentials import Credentials
from storage.factory import open_storage
from tests.support.servers.proxy import Proxy, running_proxy
from tests.support.servers.seaweedfs import BUCKET, CREDENTIALS, SeaweedFS
from tests.support.storages import MB

BIG = 20 * MB  # several parts
BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

OpenS3 = Callable[..., Storage]


@asynccontextmanager
async def through_proxy(
    seaweedfs: SeaweedFS,
    prefix: str,
    options: str = "",
    credentials: Credentials = CREDENTIALS,
) -> AsyncIterator[tuple[Proxy, Storage]]:
    async with running_proxy(seaweedfs.port) as proxy:
        url = f"s3://{BUCKET}/{prefix}?endpoint_url={proxy.url}{options}"
        storage = open_storage(url, Path(), credentials)
        yield proxy, storage
        await storage.close()


def heads_of(proxy: Proxy, method: str) -> list[str]:
    return [head.lower() for head in proxy.heads if head.startswith(f"{method} ")]
