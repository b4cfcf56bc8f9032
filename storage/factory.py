"""Opens the storage that STORAGE_URL names."""

import re
from collections.abc import Mapping
from pathlib import Path
from pkgutil import resolve_name

from storage.base import Storage
from storage.credentials import Credentials

# Imported when used, so that an SDK is needed only where its service is.
STORAGES: Mapping[str, str] = {
    "file": "storage.local.storage:LocalStorage",
    "s3": "storage.s3.storage:S3Storage",
    "azure": "storage.azure.storage:AzureBlobStorage",
}
_NO_CREDENTIALS = Credentials()
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def open_storage(url: str, base: Path, credentials: Credentials = _NO_CREDENTIALS) -> Storage:
    """Open the storage of a URL; a relative path in it is relative to `base`.

    Raises `ValueError` for a URL that cannot be read; nothing is opened before its first use.
    """
    return _storage_class(url).from_url(url, base, credentials)


def _storage_class(url: str) -> type[Storage]:
    match = _SCHEME.match(url)
    scheme = match[1].lower() if match else ""
    if scheme not in STORAGES:
        known = ", ".join(f"{name}:" for name in STORAGES)
        # Never the whole value: it may be a connection string with its key.
        message = f"STORAGE_URL: the scheme {scheme!r} is not known; it has to be one of {known}."
        raise ValueError(message)
    found: type[Storage] = resolve_name(STORAGES[scheme])
    return found
