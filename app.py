"""Wiring only: settings -> storage -> store -> data layer -> chat. Run by `chainlit run app.py`."""

import logging
import sys
from dataclasses import dataclass

import chainlit as cl
import chainlit.data
from chainlit.config import config
from chainlit.server import app as server

import settings as environment
from access import guard, local, password, sharing
from access.accounts import AccountError, UsersFile
from access.export import export_router
from access.files import files_router
from access.headers import SecurityHeaders
from access.routes import guarded_router
from chat import callbacks, choice, editing, notice, page
from chat.choice import Models, Wanted
from chat.model import Endpoint, Manner
from chat.titles import Titles
from chat.turn import Turns
from datalayer.errors import DataLayerError
from datalayer.layer import KeepchatDataLayer
from operations.logs import quiet_libraries
from operations.parts import migrate_now, open_storage, open_store
from settings import Settings

logger = logging.getLogger("keepchat")


@dataclass(frozen=True, slots=True)
class Parts:
    """What is opened once and stays when `chainlit run -w` reloads the code."""

    settings: Settings
    layer: KeepchatDataLayer
    models: Models


def build() -> Parts:
    """Open everything and hang it into Chainlit's server; a wrong setting ends the program."""
    quiet_libraries()
    settings = environment.load()
    environment.prepare_data_dir(settings)
    environment.export_auth_secret(settings)
    prepare_access(settings)
    models = choose_models(settings)
    migrate(settings)
    store, storage = open_store(settings), open_storage(settings)
    layer = KeepchatDataLayer(store, storage, config.run.root_path)
    prefix, is_on = config.run.root_path, settings.thread_sharing == "on"
    for router in (
        files_router(store, storage, prefix, sharing=is_on),
        sharing.sharing_router(store, layer, prefix, sharing=is_on),
        export_router(store, layer, prefix, sharing=is_on),
        guarded_router(layer, prefix),
        notice.notice_router(models.notice, prefix),
    ):
        # Before Chainlit's own routes: its last one answers every path.
        server.router.routes[:0] = router.routes
    return Parts(settings, layer, models)


def prepare_access(settings: Settings) -> None:
    """Put what lets people in before all of Chainlit's routes."""
    server.add_middleware(SecurityHeaders)
    if settings.auth_mode == "local":
        local.require_loopback(config.run.host)
        server.add_middleware(local.LocalAccess)
        return
    users = UsersFile(settings.users_path)
    try:
        if not users.accounts():
            logger.warning("Nobody can sign in yet: run 'python manage.py user add NAME'.")
    except AccountError as exc:
        sys.exit(f"USERS_FILE: {exc}")
    server.add_middleware(password.PasswordAccess, users=users)


def register_access(settings: Settings) -> None:
    """Let Chainlit ask who somebody is."""
    if settings.auth_mode == "local":
        local.register_user()
    else:
        password.register_login(UsersFile(settings.users_path))


def choose_models(settings: Settings) -> Models:
    """Return the models that the settings name."""
    azure = settings.azure_openai_endpoint
    key = settings.azure_openai_api_key if azure else settings.openai_api_key
    endpoint = Endpoint(
        model="",
        api_key=key.get_secret_value() if key else "",
        base_url=azure or settings.openai_base_url,
        azure_version=settings.azure_openai_api_version if azure else None,
        context_tokens=settings.model_context_tokens,
        timeout_s=settings.model_timeout_s,
    )
    wanted = Wanted(
        endpoint=endpoint,
        names=settings.models,
        ollama_url=settings.ollama_url,
        local=settings.auth_mode == "local",
    )
    try:
        return choice.choose(wanted)
    except choice.NoModel as exc:
        sys.exit(str(exc))


def turns_of(parts: Parts) -> Turns:
    """Return what answers, in the manner that the settings ask for."""
    settings = parts.settings
    manner = Manner(
        system_prompt=settings.system_prompt,
        answer_tokens=settings.model_answer_tokens,
        temperature=settings.model_temperature,
    )
    titles = Titles(parts.layer) if settings.thread_titles == "on" else None
    return Turns(parts.layer, parts.models, manner, titles)


def migrate(settings: Settings) -> None:
    """Bring the database to this version unless that is done by hand."""
    if settings.database_migrate == "off":
        return
    try:
        migrate_now(settings)
    except DataLayerError as exc:
        sys.exit(f"DATABASE_URL: {exc}")


def register(parts: Parts) -> None:
    """Let Chainlit call us; done again after each reload of the code."""
    turns = turns_of(parts)
    register_access(parts.settings)
    guard.guard_socket()
    guard.guard_messages(parts.layer)
    sharing.register(sharing=parts.settings.thread_sharing == "on")
    page.register()
    callbacks.register(turns)
    editing.guard_edits(parts.layer)

    @cl.data_layer
    def data_layer() -> KeepchatDataLayer:
        return parts.layer

    @cl.on_app_startup
    async def on_app_startup() -> None:
        # Asked for now: without a layer at hand Chainlit would open one of its own on DATABASE_URL.
        chainlit.data.get_data_layer()
        parts.layer.start()
        await parts.models.start()

    @cl.on_app_shutdown
    async def on_app_shutdown() -> None:
        await turns.close()
        await parts.models.close()


def main() -> None:
    """Build the parts the first time, and register what calls them."""
    if not hasattr(server.state, "keepchat"):
        server.state.keepchat = build()
    register(server.state.keepchat)


main()
