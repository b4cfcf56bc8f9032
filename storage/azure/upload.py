"""One upload to Azure Blob Storage: what was read of a source so far, and what of it is there."""

import asyncio
import hashlib
import uuid
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Self

from anyio import CancelScope
from azure.storage.blob import BlobBlock, BlobProperties, ContentSettings
from azure.storage.blob.aio import BlobClient

from storage.digest import Digest

BLOCK_SIZE = 2 * 1024 * 1024  # bytes; of the 50,000 that a blob may have, 100 GB
COPY_BLOCK_SIZE = 64 * 1024 * 1024  # bytes that the service takes from itself before it answers
_BLOCKS_AT_ONCE = 2
SMALL_SIZE = 1024 * 1024  # bytes that are sent in one request; aiohttp wants more of them as a file


class BlobDigest(Digest):
    """The digest of a blob, with the MD5 that the service asks for."""

    def __init__(self) -> None:
        super().__init__()
        self._md5 = hashlib.md5(usedforsecurity=False)

    def add(self, block: bytes) -> bytearray:
        """Take in a block and return its own MD5; slow, so it runs in a thread."""
        self.update(block)
        self._md5.update(block)
        return bytearray(hashlib.md5(block, usedforsecurity=False).digest())

    def settings(self, mime: str, disposition: str | None) -> ContentSettings:
        """Return the properties of the blob; the service keeps the MD5 for whoever reads it."""
        return ContentSettings(
            content_type=mime,
            content_disposition=disposition,
            content_md5=bytearray(self._md5.digest()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CopySource:
    """A blob that the service reads by itself: by a signed link, or with a token as we do."""

    url: str = field(repr=False)
    authorization: str | None = field(repr=False)
    etag: str


class BlobUpload:
    """A blob being sent in blocks, of which nobody sees anything before they are committed.

    Some are on their way at a time; the end of the `async with` waits for them or stops them.
    Blocks that are never committed are removed by the service: with the next upload to the same
    name, or after a week.
    """

    def __init__(self, blob: BlobClient) -> None:
        self._blob = blob
        # Of this upload only, since two to one name see each other's blocks; all equally long.
        self._name = uuid.uuid4().hex
        self._blocks: list[BlobBlock] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._sending:
            task.cancel()
        with CancelScope(shield=True):
            await asyncio.gather(*self._sending, return_exceptions=True)

    @property
    def has_begun(self) -> bool:
        """Whether there are blocks."""
        return bool(self._blocks)

    async def stage(self, block: bytes, md5: bytearray) -> None:
        """Start to send a block; an error may be that of one before."""
        block_id = await self._next_block()
        self._sending.add(asyncio.create_task(self._send(block_id, block, md5)))

    async def stage_from(self, source: CopySource, offset: int, length: int) -> None:
        """Start to have a block taken from another blob; an error may be that of one before."""
        block_id = await self._next_block()
        self._sending.add(asyncio.create_task(self._take(block_id, source, offset, length)))

    async def _next_block(self) -> str:
        if len(self._sending) == _BLOCKS_AT_ONCE:
            await self._wait(asyncio.FIRST_COMPLETED)
        block_id = f"{self._name}-{len(self._blocks):05}"
        self._blocks.append(BlobBlock(block_id))
        return block_id

    async def commit(self, settings: ContentSettings) -> None:
        """Make a blob of the blocks, in place of what was there."""
        if self._sending:
            await self._wait(asyncio.FIRST_EXCEPTION)
        await self._blob.commit_block_list(self._blocks, content_settings=settings)

    async def _send(self, block_id: str, block: bytes, md5: bytearray) -> None:
        # The service compares the block with its MD5.
        await self._blob.stage_block(
            block_id, BytesIO(block), len(block), transactional_content_md5=md5
        )

    async def _take(self, block_id: str, source: CopySource, offset: int, length: int) -> None:
        await self._blob.stage_block_from_url(
            block_id,
            source.url,
            offset,
            length,
            source_authorization=source.authorization,
            headers={"x-ms-source-if-match": source.etag},  # the SDK has no argument for it
        )

    async def _wait(self, until: str) -> None:
        done, self._sending = await asyncio.wait(self._sending, return_when=until)
        for error in [task.exception() for task in done]:
            if error:
                raise error


async def put_small(blob: BlobClient, content: bytes, settings: ContentSettings) -> None:
    """Send a small blob in one request; the service compares it with its MD5."""
    options: dict[str, Any] = {"overwrite": True, "content_settings": settings}
    await blob.upload_blob(content, length=len(content), **options)


async def copy_blob(source: CopySource, target: BlobClient, properties: BlobProperties) -> None:
    """Have a blob copied, whole or not at all, with the properties that it has."""
    size = properties.size
    async with BlobUpload(target) as upload:
        for offset in range(0, size, COPY_BLOCK_SIZE):
            await upload.stage_from(source, offset, min(COPY_BLOCK_SIZE, size - offset))
        await upload.commit(properties.content_settings)
