"""Opens the storage that STORAGE_URL names."""

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

from storage.base import Storage
from storage.credentials import Credentials

# Imported when used, so that an SDK is needed only where its service is.
_BUILDERS = {
    "file": "storage.local.storage:from_url",
    "s3": "storage.s3.storage:from_url",
    "azure": "storage.azure.storage:from_url",
}
_Builder = Callable[[str, Path, Credentials], Storage]
_NONE = Credentials()
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def open_storage(url: str, base: Path, credentials: Credentials = _NONE) -> Storage:
    """Open the storage of a URL; a relative path in it is relative to `base`.

    Raises `ValueError` for a URL that cannot be read; nothing is opened before its first use.
    """
    found = _SCHEME.match(url)
    scheme = found[1].lower() if found else ""
    if scheme not in _BUILDERS:
        known = ", ".join(f"{name}:" for name in _BUILDERS)
        # Never the whole value: it may be a connection string with its key.
        message = (
            f"STORAGE_URL has the unknown scheme {scheme!r}; it must begin with one of {known}"
        )
        raise ValueError(message)
    module, _, name = _BUILDERS[scheme].partition(":")
    build = cast(_Builder, getattr(importlib.import_module(module), name))
    return build(url, base, credentials)
