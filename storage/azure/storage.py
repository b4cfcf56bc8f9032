"""Storage in Azure Blob Storage, or a Data Lake Gen2 account, which has the same blobs."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from azure.core.credentials import AzureSasCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobProperties, ContentSettings
from azure.storage.blob.aio import (
    BlobClient,
    BlobServiceClient,
    ExponentialRetry,
    StorageStreamDownloader,
)

from common.concurrency.blocking import BlockingPool, ByteSource
from storage.azure.clock import ServiceClock
from storage.azure.errors import ErrorTranslator, code_of
from storage.azure.identity import EntraIdentity
from storage.azure.links import LinkSigner
from storage.azure.options import AzureOptions
from storage.azure.upload import (
    BLOCK_SIZE,
    SMALL_SIZE,
    BlobDigest,
    BlobUpload,
    CopySource,
    copy_blob,
    put_small,
)
from storage.base import (
    LINK_SECONDS,
    ByteRange,
    OpenObject,
    Receipt,
    Storage,
    StoredObject,
)
from storage.credentials import Credentials
from storage.errors import InvalidKey, ObjectMissing, StorageUnavailable
from storage.filenames import content_disposition
from storage.keys import check_key, folder_of
from storage.mimes import content_type
from storage.ranges import resolve_range

CHUNK_SIZE = 4 * 1024 * 1024  # bytes that are asked for at a time, and held
_POOL_SIZE = 4
_DELETES_AT_ONCE = 16
_MAX_NAME = 1024  # characters, the limits of the service
_MAX_SEGMENTS = 254
_SCOPE = "https://storage.azure.com/.default"
_COPY_LIFETIME = timedelta(hours=12)  # of the link by which the service reads what it copies
_BEHIND_ALL = 2**60  # an offset that no object reaches


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How many seconds an answer is waited for, and how often it is asked for once more.

    It is asked for again after `backoff_s`, after its square, and so on, give or take a half.
    """

    connect_s: float = 3
    read_s: float = 60
    retries: int = 3
    connect_retries: int = 2
    backoff_s: int = 2


_TIMEOUTS = Timeouts()


class AzureBlobStorage(Storage):
    """Keeps each object as a block blob, below a prefix of one container.

    Without a key or a SAS token, `identity` gives the tokens; it is closed with the storage.
    `ca_file` holds the certificates to trust instead of the system's.
    """

    def __init__(
        self,
        options: AzureOptions,
        *,
        identity: AsyncTokenCredential | None = None,
        ca_file: Path | None = None,
        timeouts: Timeouts = _TIMEOUTS,
        clock: ServiceClock | None = None,
    ) -> None:
        clock = clock or ServiceClock()
        self._options = options
        is_signed = options.account.key or options.account.sas_token
        self._identity = None if is_signed else EntraIdentity(identity)
        self._service = _make_service(options, self._identity, ca_file, timeouts, clock)
        self._container = self._service.get_container_client(options.container)
        self._signer = LinkSigner(options, self._service, clock)
        self._errors = ErrorTranslator(options, clock)
        self._pool = BlockingPool(_POOL_SIZE)
        self._create_lock = asyncio.Lock()
        self._is_ready = not options.create

    @classmethod
    def from_url(cls, url: str, base: Path, credentials: Credentials) -> Self:  # noqa: ARG003
        """See Storage. Takes `azure://container/prefix?account_url=…&create=true`."""
        return cls(AzureOptions.from_url(url, credentials))

    def __str__(self) -> str:
        options = self._options
        return f"azure://{options.container}/{options.prefix} at {options.account.url}"

    async def put(
        self, key: str, source: ByteSource, *, mime: str, filename: str | None = None
    ) -> Receipt:
        """See Storage. Of two uploads of one key at a time, the slower may be refused."""
        disposition = content_disposition(filename, inline=False) if filename else None
        return await self._store(key, source, content_type(mime), disposition)

    async def _store(
        self, key: str, source: ByteSource, mime: str, disposition: str | None
    ) -> Receipt:
        blob = await self._blob(key)
        digest, small = BlobDigest(), b""
        async with (
            BlobUpload(blob) as upload,
            aclosing(self._pool.blocks(source, BLOCK_SIZE)) as blocks,
        ):
            async for block in blocks:
                md5 = await self._pool.run(digest.add, block)
                if len(block) <= SMALL_SIZE and not upload.has_begun:
                    small = block  # the only one, since none but the last is that short
                    break
                with self._errors.translated(key):
                    await upload.stage(block, md5)
            settings = digest.settings(mime, disposition)
            with self._errors.translated(key):
                if upload.has_begun:
                    await upload.commit(settings)
                else:
                    await put_small(blob, small, settings)
        return digest.receipt()

    async def copy(self, source_key: str, target_key: str) -> int:
        """See Storage. Where the service cannot read its own link, the bytes pass through here.

        So it may be behind a firewall. Of two copies to one key at a time, the slower may be
        refused.
        """
        source, target = await self._blob(source_key), await self._blob(target_key)
        with self._errors.translated(source_key):
            properties = await source.get_blob_properties()
            _check_is_object(source_key, properties)
            try:
                await copy_blob(await self._copy_source(source, properties), target, properties)
            except HttpResponseError as exc:
                if code_of(exc) != "CannotVerifyCopySource":
                    raise
            else:
                return properties.size
        return await self._copy_through(source_key, target_key, properties.content_settings)

    async def _copy_source(self, blob: BlobClient, properties: BlobProperties) -> CopySource:
        """Return how the service may read a blob: by whatever lets us read it."""
        url, authorization = blob.url, None
        if token := self._options.account.sas_token:
            url = f"{url}?{token}"
        elif self._identity:
            access = await self._identity.get_token(_SCOPE)
            authorization = f"Bearer {access.token}"
        else:
            url = f"{url}?{await self._signer.sign(blob.blob_name, _COPY_LIFETIME, None, None)}"
        return CopySource(url=url, authorization=authorization, etag=properties.etag)

    async def _copy_through(
        self, source_key: str, target_key: str, settings: ContentSettings
    ) -> int:
        mime, disposition = settings.content_type, settings.content_disposition
        async with self.open(source_key) as opened:
            receipt = await self._store(target_key, opened.body, str(mime), disposition)
        return receipt.size

    @asynccontextmanager
    async def open(
        self, key: str, byte_range: ByteRange | None = None
    ) -> AsyncIterator[OpenObject]:
        """See Storage. A blob longer than a chunk that is replaced meanwhile ends in an error."""
        blob = await self._blob(key)
        opened = await self._download(key, blob, byte_range)
        _check_is_object(key, opened.properties)
        size = int(str(opened.properties.content_range).rpartition("/")[2])
        start, length = resolve_range(key, size, byte_range)
        yield OpenObject(size, start, length, self._body(key, opened, length))

    async def delete(self, keys: Iterable[str]) -> None:
        """See Storage. One request for each: Azurite has no batches, nor may every SAS do them."""
        blobs = [(key, await self._blob(key)) for key in keys]
        for first in range(0, len(blobs), _DELETES_AT_ONCE):
            batch = blobs[first : first + _DELETES_AT_ONCE]
            results = await asyncio.gather(
                *(self._delete(key, blob) for key, blob in batch), return_exceptions=True
            )
            for error in results:
                if error is not None:
                    raise error

    async def read_url(
        self, key: str, expires: int, *, mime: str | None = None, disposition: str | None = None
    ) -> str | None:
        """See Storage. None with a SAS token, which nobody else may have."""
        blob = await self._blob(key)
        with self._errors.translated(key):
            signed = await self._signer.sign(
                blob.blob_name, timedelta(seconds=expires), mime, disposition
            )
        return f"{blob.url}?{signed}" if signed else None

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """See Storage."""
        folder_of(prefix)
        await self._make_ready(prefix)
        above = self._options.prefix
        found = aiter(self._container.list_blobs(above + prefix, include=["metadata"]))
        while True:
            with self._errors.translated(prefix):
                blob = await anext(found, None)
            if blob is None:
                return
            if not _is_folder(blob):
                key = blob.name.removeprefix(above)
                yield StoredObject(key, blob.size, blob.last_modified.timestamp())

    async def close(self) -> None:
        """See Storage."""
        await self._pool.close()
        await self._service.close()
        if self._identity:
            await self._identity.close()

    async def get_read_url(self, object_key: str) -> str:
        """See Storage. With a SAS token the link is one that works for nobody without it."""
        link = await self.read_url(object_key, LINK_SECONDS)
        return link or (await self._blob(object_key)).url

    async def _exists(self, key: str) -> bool:
        blob = await self._blob(key)
        with self._errors.translated(key):
            return await blob.exists()

    async def _blob(self, key: str) -> BlobClient:
        """Return the client of a key's blob, in a container that is there if we may create it."""
        check_key(key)
        name = self._options.prefix + key
        if len(name.encode("utf-16-le")) // 2 > _MAX_NAME or name.count("/") >= _MAX_SEGMENTS:
            message = f"The key {key!r} is too long for Azure; use a shorter key."
            raise InvalidKey(message)
        await self._make_ready(key)
        return self._container.get_blob_client(name)

    async def _make_ready(self, key: str) -> None:
        if self._is_ready:
            return
        async with self._create_lock:
            if not self._is_ready:
                with self._errors.translated(key):
                    await self._create()
                self._is_ready = True

    async def _create(self) -> None:
        try:
            await self._container.create_container()
        except ResourceExistsError as exc:
            if code_of(exc) != "ContainerAlreadyExists":
                raise

    async def _download(
        self, key: str, blob: BlobClient, byte_range: ByteRange | None
    ) -> StorageStreamDownloader[bytes]:
        """Ask for the first chunk; the SDK asks for the others as they are read."""
        with self._errors.translated(key):
            try:
                return await blob.download_blob(*_offset_and_length(byte_range))
            except HttpResponseError as exc:
                if exc.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                    raise
                size = (await blob.get_blob_properties()).size
        resolve_range(key, size, byte_range)  # raises, unless another object has come in between
        message = f"{key!r} was replaced while it was opened; open it again."
        raise StorageUnavailable(message)

    async def _body(
        self, key: str, opened: StorageStreamDownloader[bytes], length: int
    ) -> AsyncIterator[bytes]:
        chunks = aiter(opened.chunks())
        while length > 0:
            with self._errors.translated(key):
                chunk = await anext(chunks, b"")
            if not chunk:
                message = f"{key!r} was cut short while it was read; open it again."
                raise StorageUnavailable(message)
            length -= len(chunk)
            yield chunk

    async def _delete(self, key: str, blob: BlobClient) -> None:
        with self._errors.translated(key):
            try:
                await blob.delete_blob(delete_snapshots="include")
            except ResourceNotFoundError as exc:
                if code_of(exc) != "BlobNotFound":
                    raise


def _make_service(
    options: AzureOptions,
    identity: EntraIdentity | None,
    ca_file: Path | None,
    timeouts: Timeouts,
    clock: ServiceClock,
) -> BlobServiceClient:
    account = options.account
    credential: Any = identity
    if account.key:
        credential = {"account_name": account.name, "account_key": account.key}
    elif account.sas_token:
        credential = AzureSasCredential(account.sas_token)
    return BlobServiceClient(
        account.url,
        credential,
        max_single_get_size=CHUNK_SIZE,
        max_chunk_get_size=CHUNK_SIZE,
        connection_timeout=timeouts.connect_s,
        read_timeout=timeouts.read_s,
        retry_policy=_retry_policy(timeouts),
        connection_verify=str(ca_file) if ca_file else True,
        raw_response_hook=clock.observe,
    )


def _retry_policy(timeouts: Timeouts) -> ExponentialRetry:
    return ExponentialRetry(
        initial_backoff=0,
        increment_base=timeouts.backoff_s,
        random_jitter_range=timeouts.backoff_s // 2,
        retry_total=timeouts.retries,
        retry_connect=timeouts.connect_retries,
    )


def _offset_and_length(byte_range: ByteRange | None) -> tuple[int | None, int | None]:
    """Return offset and length to ask for. No object reaches what stands for no bytes at all."""
    if byte_range is None:
        return None, None
    start, end = byte_range.start, byte_range.end
    if start < 0 or (end is not None and end < start):
        return _BEHIND_ALL, None
    return start, None if end is None else end - start + 1


def _check_is_object(key: str, blob: BlobProperties) -> None:
    if _is_folder(blob):
        message = f"There is no object {key!r}, but a folder of a Data Lake; use another key."
        raise ObjectMissing(message)


def _is_folder(blob: BlobProperties) -> bool:
    """Return whether this is how a Data Lake account shows a folder."""
    return (blob.metadata or {}).get("hdi_isfolder") == "true"
