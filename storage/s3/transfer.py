"""One upload to S3, one download from it. Everything here blocks and runs in worker threads."""

import hashlib
import io
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from common.blocking import BlockingTask
from storage.base import ByteRange, Receipt
from storage.errors import StorageDenied, StorageUnavailable
from storage.ranges import cut
from storage.s3.client import Connection, md5_of
from storage.s3.errors import code_of

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3.type_defs import CompletedPartTypeDef, ListMultipartUploadsOutputTypeDef

logger = logging.getLogger(__name__)

PART = 5 * 1024 * 1024  # bytes; S3 takes no shorter ones
_MOST_PARTS = 10_000  # that S3 takes, so 50 GB
_GONE = "NoSuchUpload"
_MISSING = ("404", "NoSuchKey")  # the answer to HEAD has no word of the service's own
_MARK = "keepchat-upload"
_COARSE = timedelta(seconds=1)  # of the times that services say


class Body(io.RawIOBase):
    """A block on its way; reading it fails once `check` does, so that the service gets a part only.

    What the service gets a part of it does not keep.
    """

    def __init__(self, block: bytes, check: Callable[[], None]) -> None:
        super().__init__()
        self._block = io.BytesIO(block)
        self._check = check

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._block.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._block.seek(offset, whence)

    def read(self, size: int = -1, /) -> bytes:
        try:
            self._check()
        except InterruptedError as exc:
            raise CancelledError from exc  # which the SDK does not take for a fault to try again
        return self._block.read(size)


@dataclass(frozen=True, slots=True)
class Block:
    """Some bytes of an object, and the value of their Content-MD5 header."""

    content: bytes
    md5: str


class Digest:
    """The size and the SHA-256 of what went by."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._size = 0

    def add(self, content: bytes) -> Block:
        """Take in some bytes; slow, so it runs in a thread."""
        self._sha256.update(content)
        self._size += len(content)
        return Block(content, md5_of(content))

    def receipt(self) -> Receipt:
        """Return what is to be said of the whole."""
        return Receipt(self._size, self._sha256.hexdigest())


class Transfer(BlockingTask):
    """A transfer of one object. Once it is stopped not even another attempt begins."""

    def __init__(self, connection: Connection, target: dict[str, Any]) -> None:
        """Take bucket and key as `target`."""
        super().__init__()
        self._connection = connection
        self._target = target

    @contextmanager
    def _step(self) -> Iterator[None]:
        with super()._step(), self._connection.terms.set(self._check_stopped):
            yield


class Upload(Transfer):
    """An object being stored: by one request if it is small, else part by part.

    Either way the service shows it whole or not at all.
    """

    def __init__(self, connection: Connection, target: dict[str, Any], how: dict[str, Any]) -> None:
        """Take what else the service is told as `how`."""
        super().__init__(connection, target)
        self._how = how
        self._small = Block(b"", md5_of(b""))
        self._upload_id: str | None = None
        self._began = 0.0
        self._has_strays = False
        self._mark = uuid.uuid4().hex
        self._parts: list[CompletedPartTypeDef] = []

    def send(self, block: Block) -> None:
        """Send a block of `PART` bytes, or the last one, which may be shorter."""
        with self._step():
            if self._upload_id is None and len(block.content) < PART:
                self._small = block
            else:
                self._send_part(block)

    def finish(self, size: int) -> None:
        """Make what was sent, so many bytes, the object."""
        with self._step():
            if self._upload_id is None:
                self._put()
            else:
                self._complete(self._upload_id, size)

    def close(self) -> None:
        """Tell the service to forget the parts of an upload that was not finished."""
        with self._lock, self._connection.terms.brief():
            try:
                self._forget()
            except (BotoCoreError, ClientError, OSError) as exc:
                logger.warning(
                    "An unfinished upload of %r stays at the service, until a rule of the bucket "
                    "ends it (AbortIncompleteMultipartUpload): %s",
                    self._target["Key"],
                    exc,
                )

    def _forget(self) -> None:
        ours, self._upload_id = self._upload_id, None
        if ours is not None:
            self._abort(ours)
        if self._has_strays:
            for upload_id in self._strays():
                self._abort(upload_id)

    def _put(self) -> None:
        self._connection.client().put_object(
            **self._target, **self._how, **_content(self._small, self._check_stopped)
        )

    def _send_part(self, block: Block) -> None:
        client = self._connection.client()
        if self._upload_id is None:
            self._upload_id = self._begin()
        self._check_stopped()
        number = len(self._parts) + 1
        if number > _MOST_PARTS:
            message = f"{self._target['Key']!r} is larger than S3 takes here; store it in pieces."
            raise StorageDenied(message)
        sent = client.upload_part(
            **self._target,
            UploadId=self._upload_id,
            PartNumber=number,
            **_content(block, self._check_stopped),
        )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})

    def _begin(self) -> str:
        client = self._connection.client()
        self._check_stopped()
        self._began = time.monotonic()
        try:
            begun = client.create_multipart_upload(
                **self._target, **self._how, Metadata={_MARK: self._mark}
            )
        except (
            HTTPClientError,
            InterruptedError,
        ):  # without an answer there may be an upload that we have no id of
            self._has_strays = True
            raise
        self._has_strays = begun["ResponseMetadata"]["RetryAttempts"] > 0
        return begun["UploadId"]

    def _complete(self, upload_id: str, size: int) -> None:
        try:
            self._connection.client().complete_multipart_upload(
                **self._target, UploadId=upload_id, MultipartUpload={"Parts": self._parts}
            )
        except ClientError as exc:
            # So it is when the answer to an earlier attempt, which succeeded, was lost.
            if code_of(exc) != _GONE or not self._look():
                raise
        self._upload_id = None
        self._check_size(size)

    def _look(self) -> dict[str, Any]:
        """Return what the object has, if this upload made it; somebody may have deleted it."""
        try:
            found = self._connection.client().head_object(**self._target)
        except ClientError as exc:
            if code_of(exc) in _MISSING:
                return {}
            raise
        return dict(found) if found["Metadata"].get(_MARK) == self._mark else {}

    def _check_size(self, size: int) -> None:
        found = self._look()
        if found and found["ContentLength"] != size:
            self._connection.client().delete_object(**self._target)
            message = (
                f"{self._target['Key']!r} arrived with {found['ContentLength']} bytes instead of "
                f"{size} and was removed; have the service repaired."
            )
            raise StorageUnavailable(message)

    def _strays(self) -> list[str]:
        found = self._connection.client().list_multipart_uploads(
            Bucket=self._target["Bucket"], Prefix=self._target["Key"]
        )
        since = said_at(found) - timedelta(seconds=time.monotonic() - self._began)
        return begun_since(found, self._target["Key"], since)

    def _abort(self, upload_id: str) -> None:
        try:
            self._connection.client().abort_multipart_upload(**self._target, UploadId=upload_id)
        except ClientError as exc:
            if code_of(exc) != _GONE:  # as it is after an attempt whose answer was lost
                raise


class Download(Transfer):
    """An object being read."""

    def __init__(self, connection: Connection, target: dict[str, Any]) -> None:
        super().__init__(connection, target)
        self._body: StreamingBody | None = None

    def open(self, key: str, byte_range: ByteRange | None) -> tuple[int, int, int]:
        """Ask for the object; returns its size, and start and length of what will be read."""
        with self._step():
            asked = self._target | ({"Range": _header(byte_range)} if byte_range else {})
            answer = self._connection.client().get_object(**asked)
            self._body = answer["Body"]
            part = answer.get("ContentRange")
            size = int(part.rpartition("/")[2]) if part else answer["ContentLength"]
            start, length = cut(key, size, byte_range)
            if not part:  # some services answer with the whole
                self._skip(start)
            return size, start, length

    def read(self, size: int) -> bytes:
        """Return up to so many bytes; none at the end."""
        with self._step():
            return self._read(size)

    def close(self) -> None:
        """Close the connection, unless all was read and others use it already."""
        with self._lock:
            if self._body is not None:
                self._body.close()

    def _read(self, size: int) -> bytes:
        return b"" if self._body is None else bytes(self._body.read(size))

    def _skip(self, size: int) -> None:
        while size > 0 and (chunk := self._read(min(size, PART))):
            size -= len(chunk)


def said_at(answer: "ListMultipartUploadsOutputTypeDef") -> datetime:
    """Return when the service answered, by its own clock if it says so, else by ours."""
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    try:
        return parsedate_to_datetime(said).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)


def begun_since(found: "ListMultipartUploadsOutputTypeDef", key: str, since: datetime) -> list[str]:
    """Return the ids of a key's unfinished uploads; older ones are somebody else's."""
    return [
        each["UploadId"]
        for each in found.get("Uploads", [])
        if each["Key"] == key and each["Initiated"] >= since - _COARSE
    ]


def _content(block: Block, check: Callable[[], None]) -> dict[str, Any]:
    return {"Body": Body(block.content, check), "ContentMD5": block.md5}


def _header(byte_range: ByteRange) -> str:
    end = "" if byte_range.end is None else byte_range.end
    return f"bytes={byte_range.start}-{end}"
