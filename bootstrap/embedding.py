"""Keepchat's data layer and storage in somebody's own Chainlit app: one call does it all.

Settings come from the environment, as for Keepchat itself.
"""

import asyncio
import sys

import chainlit as cl
from chainlit.config import config

import settings as environment
from bootstrap.logs import quiet_libraries
from bootstrap.parts import open_storage_or_end, open_store_or_end
from bootstrap.storages import open_spool
from bootstrap.stores import open_journal
from chat.wording.unavailable import show_file_lost
from datalayer.layer import KeepchatDataLayer
from patches.http.routes import place
from routes.files.route import files_router


def keepchat_data_layer(*, root_path: str | None = None) -> KeepchatDataLayer:
    """Give Chainlit Keepchat's data layer, with its storage and the route that sends files.

    To be called once, where the app registers its callbacks; whatever is missing or wrong ends the
    program with a line that says what. The database is migrated, also where the app is mounted in
    another one, which calls no hooks; there the latter's end has to call the layer's `close`.
    `root_path` is what all addresses begin with, CHAINLIT_ROOT_PATH unless it is given.
    """
    if config.code.data_layer:
        sys.exit("There is a data layer already: remove the other @cl.data_layer.")
    quiet_libraries()
    settings = environment.load()
    environment.prepare_data_dir(settings)
    environment.export_auth_secret(settings)
    store = open_store_or_end(settings)
    layer = KeepchatDataLayer(
        store,
        open_storage_or_end(settings),
        settings.chainlit_root_path if root_path is None else root_path,
        show_file_lost,
        journal=open_journal(settings),
        journal_after_s=settings.journal_after_s,
        spool=open_spool(settings),
    )
    sharing = settings.thread_sharing == "on"
    # Where the app is mounted, what mounts it has cut off the path already.
    place(files_router(store, layer.storage, config.run.root_path, sharing=sharing))
    _register(layer)
    return layer


def _register(layer: KeepchatDataLayer) -> None:
    @cl.data_layer
    def data_layer() -> KeepchatDataLayer:
        """Chainlit asks for it once, as somebody comes: the first moment at which it can start."""
        asyncio.get_running_loop()  # without one there would be an error that says less
        layer.start()
        return layer
