"""Storage in a bucket of Amazon S3, or of any service that speaks its protocol."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, TypeVarTuple

from botocore.exceptions import BotoCoreError, ClientError

from common.aws import is_endpoint
from common.concurrency.blocking import CHUNK_SIZE, BlockingPool, ByteSource, prefetch
from storage.base import (
    LINK_SECONDS,
    ByteRange,
    OpenObject,
    Receipt,
    Storage,
    StoredObject,
)
from storage.credentials import Credentials
from storage.digest import Digest
from storage.errors import InvalidKey, StorageError, StorageUnavailable
from storage.filenames import content_disposition
from storage.keys import check_key, folder_of, is_key
from storage.mimes import content_type
from storage.s3.client import POOL_SIZE, S3Connection
from storage.s3.copy import S3Copy
from storage.s3.errors import translate, translate_delete_error
from storage.s3.options import S3Options
from storage.s3.transfer import S3Download
from storage.s3.upload import PART_SIZE, HashedBlock, S3Upload, hash_block

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import ErrorTypeDef, ListObjectsV2OutputTypeDef

_ENDPOINTS = "AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL (or DEV_AWS_ENDPOINT)"
_LONGEST_KEY = 1024  # bytes, with the prefix
_DELETE_BATCH = 1000

_Args = TypeVarTuple("_Args")
_T = TypeVar("_T")


class S3Storage(Storage):
    """Keeps each object under its key, after the prefix, in one bucket."""

    def __init__(self, options: S3Options, credentials: Credentials) -> None:
        self._options = options
        self._location = f"s3://{options.bucket}/{options.prefix}".removesuffix("/")
        if endpoint := options.endpoint_url or credentials.aws_endpoint_url:
            self._location += f" at {endpoint}"
        self._connection = S3Connection(options, credentials)
        self._pool = BlockingPool(POOL_SIZE)

    @classmethod
    def from_url(cls, url: str, base: Path, credentials: Credentials) -> Self:  # noqa: ARG003
        """See Storage. Takes `s3://bucket/prefix?option=value&…`, with options of `S3Options`."""
        endpoint = credentials.aws_endpoint_url
        if endpoint and not is_endpoint(endpoint):
            message = (
                f"{_ENDPOINTS} is not of the form https://host:port."  # it may have a password
            )
            raise ValueError(message)
        return cls(S3Options.from_url(url), credentials)

    def __str__(self) -> str:
        return self._location

    async def put(
        self, key: str, source: ByteSource, *, mime: str, filename: str | None = None
    ) -> Receipt:
        """See Storage. A cancel after the last byte was sent comes too late."""
        upload = S3Upload(self._connection, self._target(key), self._settings(mime, filename))
        digest = Digest()
        async with self._pool.closing(upload):
            async with aclosing(prefetch(self._blocks(source, digest))) as blocks:
                async for block in blocks:
                    await self._run(key, upload.send, block)
            receipt = digest.receipt()
            await self._run(key, upload.finish, receipt.size)
        return receipt

    async def copy(self, source_key: str, target_key: str) -> int:
        """See Storage. A cancel after the service took the last request comes too late."""
        source, target = self._target(source_key), self._target(target_key)
        copy = S3Copy(self._connection, source, target, self._encryption())
        async with self._pool.closing(copy):
            return await self._run(source_key, copy.copy)

    async def _blocks(
        self, source: ByteSource, digest: Digest
    ) -> AsyncGenerator[HashedBlock, None]:
        async with aclosing(self._pool.blocks(source, PART_SIZE)) as blocks:
            async for block in blocks:
                yield await self._pool.run(hash_block, digest, block)

    @asynccontextmanager
    async def open(
        self, key: str, byte_range: ByteRange | None = None
    ) -> AsyncIterator[OpenObject]:
        """See Storage."""
        async with self._pool.closing(S3Download(self._connection, self._target(key))) as download:
            size, start, length = await self._run(key, download.open, key, byte_range)
            yield OpenObject(size, start, length, self._body(key, download, length))

    async def delete(self, keys: Iterable[str]) -> None:
        """See Storage."""
        targets = [(key, self._target(key)["Key"]) for key in keys]
        refused: list[StorageError] = []
        for first in range(0, len(targets), _DELETE_BATCH):
            names = {name: key for key, name in targets[first : first + _DELETE_BATCH]}
            errors = await self._run(next(iter(names.values())), self._delete, names)
            refused += [
                translate_delete_error(error, names.get(error["Key"], ""), self._location)
                for error in errors
            ]
        if refused:  # what could be deleted is
            raise refused[0]

    async def read_url(
        self, key: str, expires: int, *, mime: str | None = None, disposition: str | None = None
    ) -> str:
        """See Storage. S3 signs for 7 days at most; temporary credentials end their links."""
        params = self._target(key)
        params |= {"ResponseContentType": mime} if mime else {}
        params |= {"ResponseContentDisposition": disposition} if disposition else {}
        return await self._run(key, self._sign, params, expires)

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """See Storage. Holds up to 1,000 objects at a time."""
        folder_of(prefix)
        token: str | None = ""
        while token is not None:
            page = await self._run(prefix, self._page, prefix, token)
            token = page.get("NextContinuationToken")
            for found in self._objects(page):
                yield found

    async def close(self) -> None:
        """See Storage."""
        await self._pool.close()
        await self._pool.run(self._connection.close)

    async def get_read_url(self, object_key: str) -> str:
        """See Storage."""
        return await self.read_url(object_key, LINK_SECONDS)

    def _target(self, key: str) -> dict[str, Any]:
        check_key(key)
        name = self._options.prefix + key
        if len(name.encode()) > _LONGEST_KEY:
            message = f"{key!r} is too long for {self._location}; use a shorter key."
            raise InvalidKey(message)
        return {"Bucket": self._options.bucket, "Key": name}

    def _settings(self, mime: str, filename: str | None) -> dict[str, Any]:
        settings: dict[str, Any] = {"ContentType": content_type(mime)}
        if filename is not None:
            settings["ContentDisposition"] = content_disposition(filename, inline=False)
        return settings | self._encryption()

    def _encryption(self) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        if self._options.sse:
            settings["ServerSideEncryption"] = self._options.sse
        if self._options.kms_key_id:
            settings["SSEKMSKeyId"] = self._options.kms_key_id
        return settings

    async def _body(self, key: str, download: S3Download, length: int) -> AsyncIterator[bytes]:
        while length > 0:
            chunk = await self._run(key, download.read, min(CHUNK_SIZE, length))
            if not chunk:
                message = f"{key!r} was cut short while it was read from {self}; try again."
                raise StorageUnavailable(message)
            length -= len(chunk)
            yield chunk

    def _delete(self, names: Iterable[str]) -> "Sequence[ErrorTypeDef]":
        answer = self._connection.client().delete_objects(
            Bucket=self._options.bucket,
            Delete={"Objects": [{"Key": name} for name in names], "Quiet": True},
        )
        return answer.get("Errors", ())

    def _sign(self, params: dict[str, Any], expires: int) -> str:
        client = self._connection.regional_client()
        return client.generate_presigned_url("get_object", Params=params, ExpiresIn=expires)

    def _page(self, prefix: str, token: str) -> "ListObjectsV2OutputTypeDef":
        params: dict[str, Any] = {"Prefix": self._options.prefix + prefix}
        params |= {"ContinuationToken": token} if token else {}
        return self._connection.client().list_objects_v2(Bucket=self._options.bucket, **params)

    def _objects(self, page: "ListObjectsV2OutputTypeDef") -> Iterator[StoredObject]:
        # Some services sort folder by folder, so that a/x comes before a-b.
        for found in sorted(page.get("Contents", []), key=lambda item: item["Key"]):
            key = found["Key"].removeprefix(self._options.prefix)
            if is_key(key):  # not the marks of folders that other programs leave
                yield StoredObject(key, found["Size"], found["LastModified"].timestamp())

    async def _run(self, key: str, function: Callable[[*_Args], _T], *args: *_Args) -> _T:
        """Work on the bucket in a thread; the one place where the SDK's errors are translated."""
        with self._translated(key):
            return await self._pool.run(function, *args)

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError, OSError) as exc:
            raise translate(exc, key, self._location) from exc
