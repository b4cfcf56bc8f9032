"""One object on its way to or from S3. Everything here blocks and runs in worker threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from common.concurrency.blocking import BlockingTask
from storage.base import ByteRange
from storage.ranges import resolve_range
from storage.s3.client import S3Connection

if TYPE_CHECKING:
    from botocore.response import StreamingBody

_SKIPPED_AT_ONCE = 5 * 1024 * 1024  # bytes


class S3Transfer(BlockingTask):
    """A transfer of one object. Once it is stopped not even another attempt begins."""

    def __init__(self, connection: S3Connection, target: dict[str, Any]) -> None:
        """Take bucket and key as `target`, as the SDK's methods do."""
        super().__init__()
        self._connection = connection
        self._target = target

    @contextmanager
    def _step(self) -> Iterator[None]:
        with super()._step(), self._connection.limits.override(self._check_stopped):
            yield


class S3Download(S3Transfer):
    """An object being read."""

    def __init__(self, connection: S3Connection, target: dict[str, Any]) -> None:
        super().__init__(connection, target)
        self._body: StreamingBody | None = None

    def open(self, key: str, byte_range: ByteRange | None) -> tuple[int, int, int]:
        """Ask for the object; returns its size, and start and length of what will be read."""
        with self._step():
            params = self._target | ({"Range": _header(byte_range)} if byte_range else {})
            answer = self._connection.client().get_object(**params)
            self._body = answer["Body"]
            part = answer.get("ContentRange")
            size = int(part.rpartition("/")[2]) if part else answer["ContentLength"]
            start, length = resolve_range(key, size, byte_range)
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
        while size > 0 and (chunk := self._read(min(size, _SKIPPED_AT_ONCE))):
            size -= len(chunk)


def _header(byte_range: ByteRange) -> str:
    end = "" if byte_range.end is None else byte_range.end
    return f"bytes={byte_range.start}-{end}"
