"""One upload to Azure Blob Storage: what was read of a source so far, and what of it is there."""

import hashlib
import uuid
from io import BytesIO
from typing import Any

from azure.storage.blob import BlobBlock, ContentSettings
from azure.storage.blob.aio import BlobClient

from storage.base import Receipt

BLOCK = 4 * 1024 * 1024  # bytes; of the 50,000 that a blob may have, 195 GB
SMALL = 1024 * 1024  # bytes that are sent in one request; aiohttp wants more of them as a file


class Digests:
    """The size and the digests of what went by."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0

    def add(self, block: bytes) -> bytearray:
        """Take in a block and return its own MD5; slow, so it runs in a thread."""
        self._sha256.update(block)
        self._md5.update(block)
        self._size += len(block)
        return bytearray(hashlib.md5(block, usedforsecurity=False).digest())

    def receipt(self) -> Receipt:
        """Return what is to be said of the whole."""
        return Receipt(self._size, self._sha256.hexdigest())

    def settings(self, mime: str, disposition: str | None) -> ContentSettings:
        """Return the properties of the blob; the service keeps the MD5 for whoever reads it."""
        return ContentSettings(
            content_type=mime,
            content_disposition=disposition,
            content_md5=bytearray(self._md5.digest()),
        )


class Upload:
    """A blob being sent in blocks, of which nobody sees anything before they are committed.

    Blocks that are never committed are removed by the service: with the next upload to the same
    name, or after a week.
    """

    def __init__(self, blob: BlobClient) -> None:
        self._blob = blob
        # Of this upload only, since two to one name see each other's blocks; all equally long.
        self._name = uuid.uuid4().hex
        self._blocks: list[BlobBlock] = []

    @property
    def begun(self) -> bool:
        """Whether a block is there."""
        return bool(self._blocks)

    async def stage(self, block: bytes, md5: bytearray) -> None:
        """Send a block; the service compares it with its MD5."""
        block_id = f"{self._name}-{len(self._blocks):05}"
        await self._blob.stage_block(
            block_id, BytesIO(block), len(block), transactional_content_md5=md5
        )
        self._blocks.append(BlobBlock(block_id))

    async def commit(self, settings: ContentSettings) -> None:
        """Make a blob of the blocks, in place of what was there."""
        await self._blob.commit_block_list(self._blocks, content_settings=settings)


async def send(blob: BlobClient, content: bytes, settings: ContentSettings) -> None:
    """Send a small blob in one request; the service compares it with its MD5."""
    options: dict[str, Any] = {"overwrite": True, "content_settings": settings}
    await blob.upload_blob(content, length=len(content), **options)
