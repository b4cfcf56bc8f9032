"""One object copied by S3 itself. Everything here blocks and runs in worker threads."""

from typing import Any

from botocore.exceptions import ClientError

from storage.s3.client import S3Connection
from storage.s3.errors import code_of
from storage.s3.upload import NO_OBJECT, S3Upload

PART_SIZE = (
    256 * 1024 * 1024
)  # bytes; S3 takes 5 GB, but some services copy slowly before they answer
_KEPT = ("ContentType", "ContentDisposition")  # of what an upload can be told


class S3Copy(S3Upload):
    """An object being copied within a bucket: by one request, or part by part if it is large."""

    def __init__(
        self,
        connection: S3Connection,
        source: dict[str, Any],
        target: dict[str, Any],
        encryption: dict[str, Any],
    ) -> None:
        """Take bucket and key of both, and how the copy is encrypted, which is not copied."""
        super().__init__(connection, target, encryption)
        self._source = source

    def copy(self) -> int:
        """Copy the object; returns its size."""
        with self._step():
            found = self._head_source()
            size = int(found["ContentLength"])
            source = {"CopySource": self._source, "CopySourceIfMatch": found["ETag"]}
            if size <= PART_SIZE:
                given = self._target | self._settings | source
                self._connection.client().copy_object(**given)
            else:
                self._settings |= {name: found[name] for name in _KEPT if name in found}
                self._copy_parts(source, size)
            return size

    def _head_source(self) -> dict[str, Any]:
        client = self._connection.client()
        try:
            return dict(client.head_object(**self._source))
        except ClientError as exc:
            if code_of(exc) in NO_OBJECT:  # the answer to HEAD has no word of what is not there
                client.get_object(**self._source)["Body"].close()
            raise

    def _copy_parts(self, source: dict[str, Any], size: int) -> None:
        for start in range(0, size, PART_SIZE):
            part = self._next_part()
            end = min(start + PART_SIZE, size) - 1
            given = part | source | {"CopySourceRange": f"bytes={start}-{end}"}
            sent = self._connection.client().upload_part_copy(**given)
            etag = sent["CopyPartResult"]["ETag"]
            self._parts.append({"PartNumber": part["PartNumber"], "ETag": etag})
        self._complete(str(self._upload_id), size)
