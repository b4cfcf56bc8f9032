"""Wiring only: settings -> storage -> store -> data layer -> chat. Run by `chainlit run app.py`."""

import asyncio
import gc
import logging
import sys
from dataclasses import dataclass, replace

import chainlit as cl
import chainlit.data
from chainlit.config import config
from chainlit.server import app as server

import settings as environment
from access.guard import messages
from access.login.base import LoginMode
from bootstrap.files import open_attachments, upload_limits
from bootstrap.login import open_login
from bootstrap.logs import quiet_libraries
from bootstrap.models import manner_of, open_models
from bootstrap.storages import open_storage
from bootstrap.stores import prepare_store
from chat import callbacks
from chat.models.registry import Models, NoModel
from chat.turn import editing
from chat.turn.titles import Titles
from chat.turn.turn import Turns
from chat.wording import away, notice
from datalayer.errors import DataLayerError, StoreUnavailable
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.base import Store
from patches import page, sockets
from patches.routes import guarded_router
from routes import sharing, uploads
from routes.export import export_router
from routes.files import files_router
from routes.headers import SecurityHeaders
from routes.links import SignedLinks
from routes.old_links import OldLinks
from routes.uploads import UploadSize, uploads_router
from settings import Settings
from storage.base import Storage

logger = logging.getLogger("keepchat")


@dataclass(frozen=True, slots=True)
class Parts:
    """What is opened once and stays when `chainlit run -w` reloads the code."""

    settings: Settings
    layer: KeepchatDataLayer
    models: Models
    login: LoginMode
    links: SignedLinks | None


def build() -> Parts:
    """Open everything and hang it into Chainlit's server; a wrong setting ends the program."""
    quiet_libraries()
    settings = environment.load()
    environment.prepare_data_dir(settings)
    environment.export_auth_secret(settings)
    # The last one added is the first one asked: strangers are refused before their files are read.
    server.add_middleware(OldLinks, prefix=config.run.root_path)
    server.add_middleware(UploadSize, limits=upload_limits(settings), prefix=config.run.root_path)
    storage = open_files(settings)
    links = SignedLinks(storage) if settings.storage_redirect == "on" else None
    login = prepare_access(settings, links)
    models = choose_models(settings)
    store = open_database(settings)
    layer = KeepchatDataLayer(store, storage, config.run.root_path, away.file_lost)
    server.add_exception_handler(StoreUnavailable, away.unavailable)
    prefix, is_on = config.run.root_path, settings.thread_sharing == "on"
    for router in (
        files_router(store, storage, prefix, sharing=is_on, links=links),
        sharing.sharing_router(store, layer, prefix, sharing=is_on),
        export_router(store, layer, prefix, sharing=is_on),
        guarded_router(layer, prefix),
        uploads_router(upload_limits(settings), prefix),
        notice.notice_router(models.notice, prefix),
    ):
        # Before Chainlit's own routes: its last one answers every path.
        server.router.routes[:0] = router.routes
    return Parts(settings, layer, models, login, links)


def renewed(parts: Parts) -> Parts:
    """Return the parts with new models: reloaded code does not know the old ones' pieces."""
    server.state.closing = asyncio.get_running_loop().create_task(parts.models.close())
    return replace(parts, models=choose_models(parts.settings))


def prepare_access(settings: Settings, links: SignedLinks | None) -> LoginMode:
    """Put what lets people in before all of Chainlit's routes."""
    login = open_login(settings)
    state = login.state(config.run.host)
    if state.status == "failed":
        sys.exit(f"{state.message} {state.remedy}".strip())
    if state.status == "warning":
        logger.warning("%s %s", state.message, state.remedy)
    server.add_middleware(SecurityHeaders, origin=links.origin if links else None)
    server.add_middleware(login.guard)
    return login


def choose_models(settings: Settings) -> Models:
    """Return the models that the settings name; without one the program ends."""
    try:
        return open_models(settings)
    except NoModel as exc:
        sys.exit(str(exc))


def turns_of(parts: Parts) -> Turns:
    """Return what answers, in the manner that the settings ask for."""
    titles = Titles(parts.layer) if parts.settings.thread_titles == "on" else None
    return Turns(
        layer=parts.layer,
        models=parts.models,
        manner=manner_of(parts.settings),
        attachments=open_attachments(parts.settings, parts.layer),
        titles=titles,
    )


def open_database(settings: Settings) -> Store:
    """Return the store; a database that cannot be used as it is ends the program."""
    try:
        return prepare_store(settings)
    except DataLayerError as exc:
        sys.exit(f"DATABASE_URL: {exc}")


def open_files(settings: Settings) -> Storage:
    """Return the storage; a URL that cannot be read ends the program."""
    try:
        return open_storage(settings)
    except ValueError as exc:
        sys.exit(f"{exc} See .env.example.")


def register(parts: Parts) -> None:
    """Let Chainlit call us; done again after each reload of the code."""
    settings = parts.settings
    turns = turns_of(parts)
    sockets.restore_handlers()
    messages.guard_socket()
    messages.guard_messages(parts.layer)
    uploads.show_limits(upload_limits(settings))
    uploads.guard_messages(settings.upload_max_files)
    sharing.register(sharing=settings.thread_sharing == "on")
    page.register()
    callbacks.register(turns)
    editing.guard_edits(parts.layer)
    parts.login.register()
    sockets.end_logins(parts.login)  # after all others, since it looks at every event first

    @cl.data_layer
    def data_layer() -> KeepchatDataLayer:
        return parts.layer

    @cl.on_app_startup
    async def on_app_startup() -> None:
        # What was imported stays: looking through it for garbage stopped everything for 0.1 s.
        gc.collect()
        gc.freeze()
        # Asked for now: without a layer at hand Chainlit would open one of its own on DATABASE_URL.
        chainlit.data.get_data_layer()
        parts.layer.start()
        await parts.models.start()

    @cl.on_app_shutdown
    async def on_app_shutdown() -> None:
        await turns.close()
        await parts.models.close()
        if parts.links:
            await parts.links.close()


def main() -> None:
    """Build the parts the first time, and register what calls them."""
    kept = getattr(server.state, "keepchat", None)
    server.state.keepchat = renewed(kept) if kept else build()
    register(server.state.keepchat)


main()
