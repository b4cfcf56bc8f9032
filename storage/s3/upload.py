"""One upload to S3. Everything here blocks and runs in worker threads."""

import io
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from storage.digest import Digest
from storage.errors import StorageDenied, StorageUnavailable
from storage.s3.client import S3Connection, md5_of
from storage.s3.errors import code_of
from storage.s3.transfer import S3Transfer

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import CompletedPartTypeDef, ListMultipartUploadsOutputTypeDef

logger = logging.getLogger(__name__)

PART_SIZE = 5 * 1024 * 1024  # bytes; S3 takes no shorter ones
_MAX_PARTS = 10_000  # that S3 takes, so 50 GB
_NO_UPLOAD = "NoSuchUpload"
NO_OBJECT = ("404", "NoSuchKey")  # the answer to HEAD has no word of the service's own
_MARK = "keepchat-upload"  # the metadata that tells by which upload an object was made
_DATE_PRECISION = timedelta(seconds=1)  # of the times in answers


@dataclass(frozen=True, slots=True)
class HashedBlock:
    """Some bytes of an object, and the value of their Content-MD5 header."""

    content: bytes
    md5: str


def hash_block(digest: Digest, content: bytes) -> HashedBlock:
    """Take the next bytes of an object into its digest; slow, so it runs in a thread."""
    digest.update(content)
    return HashedBlock(content, md5_of(content))


class StoppableBody(io.RawIOBase):
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
            raise CancelledError from exc  # which the SDK does not take for an error to try again
        return self._block.read(size)


class S3Upload(S3Transfer):
    """An object being stored: by one request if it is small, else part by part.

    Either way the service shows it whole or not at all.
    """

    def __init__(
        self, connection: S3Connection, target: dict[str, Any], settings: dict[str, Any]
    ) -> None:
        """Take how the object is to be stored, such as its type, as `settings`."""
        super().__init__(connection, target)
        self._settings = settings
        self._small = HashedBlock(b"", md5_of(b""))
        self._upload_id: str | None = None
        self._began = 0.0
        self._may_have_strays = False
        self._mark = uuid.uuid4().hex
        self._parts: list[CompletedPartTypeDef] = []

    def send(self, block: HashedBlock) -> None:
        """Send a block of `PART_SIZE` bytes, or the last one, which may be shorter."""
        with self._step():
            if self._upload_id is None and len(block.content) < PART_SIZE:
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
        with self._lock, self._connection.limits.brief():
            try:
                self._abort_unfinished()
            except (BotoCoreError, ClientError, OSError) as exc:
                logger.warning(
                    "An unfinished upload of %r stays at the service, until a rule of the bucket "
                    "ends it (AbortIncompleteMultipartUpload): %s",
                    self._target["Key"],
                    exc,
                )

    def _abort_unfinished(self) -> None:
        ours, self._upload_id = self._upload_id, None
        if ours is not None:
            self._abort(ours)
        if self._may_have_strays:
            for upload_id in self._find_strays():
                self._abort(upload_id)

    def _put(self) -> None:
        self._connection.client().put_object(
            **self._target, **self._settings, **_body(self._small, self._check_stopped)
        )

    def _send_part(self, block: HashedBlock) -> None:
        part = self._next_part()
        body = _body(block, self._check_stopped)
        sent = self._connection.client().upload_part(**part, **body)
        self._parts.append({"PartNumber": part["PartNumber"], "ETag": sent["ETag"]})

    def _next_part(self) -> dict[str, Any]:
        """Return what names the next part to the service; with the first one the upload begins."""
        if self._upload_id is None:
            self._upload_id = self._create()
        self._check_stopped()
        number = len(self._parts) + 1
        if number > _MAX_PARTS:
            message = f"{self._target['Key']!r} is larger than S3 takes here; store it in pieces."
            raise StorageDenied(message)
        return self._target | {"UploadId": self._upload_id, "PartNumber": number}

    def _create(self) -> str:
        client = self._connection.client()
        self._check_stopped()
        self._began = time.monotonic()
        try:
            created = client.create_multipart_upload(
                **self._target, **self._settings, Metadata={_MARK: self._mark}
            )
        except (HTTPClientError, InterruptedError):
            # Without an answer there may be an upload that we have no id of.
            self._may_have_strays = True
            raise
        self._may_have_strays = created["ResponseMetadata"]["RetryAttempts"] > 0
        return created["UploadId"]

    def _complete(self, upload_id: str, size: int) -> None:
        try:
            self._connection.client().complete_multipart_upload(
                **self._target, UploadId=upload_id, MultipartUpload={"Parts": self._parts}
            )
        except ClientError as exc:
            # So it is when the answer to an earlier attempt, which succeeded, was lost.
            if code_of(exc) != _NO_UPLOAD or not self._head():
                raise
        self._upload_id = None
        self._check_size(size)

    def _head(self) -> dict[str, Any]:
        """Return what the object has, if this upload made it; somebody may have deleted it."""
        try:
            found = self._connection.client().head_object(**self._target)
        except ClientError as exc:
            if code_of(exc) in NO_OBJECT:
                return {}
            raise
        return dict(found) if found["Metadata"].get(_MARK) == self._mark else {}

    def _check_size(self, size: int) -> None:
        found = self._head()
        if found and found["ContentLength"] != size:
            self._connection.client().delete_object(**self._target)
            message = (
                f"{self._target['Key']!r} arrived with {found['ContentLength']} bytes instead of "
                f"{size} and was removed; have the service repaired."
            )
            raise StorageUnavailable(message)

    def _find_strays(self) -> list[str]:
        found = self._connection.client().list_multipart_uploads(
            Bucket=self._target["Bucket"], Prefix=self._target["Key"]
        )
        since = answered_at(found) - timedelta(seconds=time.monotonic() - self._began)
        return uploads_since(found, self._target["Key"], since)

    def _abort(self, upload_id: str) -> None:
        try:
            self._connection.client().abort_multipart_upload(**self._target, UploadId=upload_id)
        except ClientError as exc:
            if code_of(exc) != _NO_UPLOAD:  # as it is after an attempt whose answer was lost
                raise


def answered_at(answer: "ListMultipartUploadsOutputTypeDef") -> datetime:
    """Return when the service answered, by its own clock if it says so, else by ours."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    try:
        return parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)


def uploads_since(
    found: "ListMultipartUploadsOutputTypeDef", key: str, since: datetime
) -> list[str]:
    """Return the ids of a key's unfinished uploads; older ones are somebody else's."""
    return [
        each["UploadId"]
        for each in found.get("Uploads", [])
        if each["Key"] == key and each["Initiated"] >= since - _DATE_PRECISION
    ]


def _body(block: HashedBlock, check: Callable[[], None]) -> dict[str, Any]:
    return {"Body": StoppableBody(block.content, check), "ContentMD5": block.md5}
