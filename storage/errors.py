"""Errors of the storages.

StorageError
├── StorageUnavailable   the storage cannot be reached; the same call may succeed later
├── StorageDenied        the storage refuses these credentials or this path
├── StorageMisconfigured what the settings name (bucket, container, region) is not there
├── ObjectMissing        there is no object under this key
├── InvalidKey           the key could leave the storage's own root
└── RangeNotSatisfiable  the range begins behind the end of the object

Errors of the SDKs and of the operating system are translated into these at one boundary per
storage, with the cause attached. Every message names the key and the remedy.
"""


class StorageError(Exception):
    """Base of every error that a storage raises."""


class StorageUnavailable(StorageError):
    """The storage cannot be reached or is full; the same call may succeed later."""


class StorageDenied(StorageError):
    """The storage refuses access; credentials or permissions have to change."""


class StorageMisconfigured(StorageError):
    """What the settings name (bucket, container, region) is not there; they have to change."""


class ObjectMissing(StorageError):
    """There is no object under this key."""


class InvalidKey(StorageError, ValueError):
    """The key is empty, absolute, or could leave the storage's root."""


class RangeNotSatisfiable(StorageError, ValueError):
    """The range begins behind the end of the object."""
