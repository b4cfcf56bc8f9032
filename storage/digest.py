"""The receipt of an object, computed while its bytes go by."""

import hashlib

from storage.base import Receipt


class Digest:
    """The size and the SHA-256 of what went by."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._size = 0

    def update(self, content: bytes) -> None:
        """Take in some bytes; slow, so it runs in a thread."""
        self._sha256.update(content)
        self._size += len(content)

    def receipt(self) -> Receipt:
        """Return size and SHA-256 of the whole."""
        return Receipt(self._size, self._sha256.hexdigest())
