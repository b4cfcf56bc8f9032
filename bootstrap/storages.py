"""The storage as the settings name it."""

from datalayer.pipeline.spool.spool import MEBI, Spool
from settings import ROOT, Settings
from storage.base import Storage
from storage.credentials import Credentials
from storage.factory import open_storage as open_storage_url
from storage.local.storage import LocalStorage


def open_storage(settings: Settings) -> Storage:
    """Return the storage that STORAGE_URL names; nothing is opened before its first use.

    Raises `ValueError`, whose sentence names the variable, for a URL that cannot be read.
    """
    credentials = Credentials(**settings.storage_credentials)
    return open_storage_url(settings.storage, ROOT, credentials)


def open_spool(settings: Settings) -> Spool:
    """Return what keeps files while the storage is away; it uses no disk before its first use."""
    return Spool(settings.spool_path, LocalStorage, most_bytes=settings.spool_max_mb * MEBI)
