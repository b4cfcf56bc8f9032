"""Wiring only: settings -> storage -> store -> data layer -> chat. Run by `chainlit run app.py`."""

import sys
from dataclasses import dataclass

import chainlit as cl
import chainlit.data
from chainlit.config import config
from chainlit.server import app as server

import settings as environment
from access import guard, local
from access.files import files_router
from chat import away, callbacks, choice, notice
from chat.choice import ModelChoice
from chat.model import Endpoint
from chat.turn import Turns
from datalayer.base import Store
from datalayer.errors import DataLayerError, StoreUnavailable
from datalayer.layer import KeepchatDataLayer
from operations.logs import quiet_libraries
from operations.parts import open_storage, prepare_store
from settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """What is opened once and stays when `chainlit run -w` reloads the code."""

    settings: Settings
    layer: KeepchatDataLayer
    choice: ModelChoice


def build() -> Parts:
    """Open everything and hang it into Chainlit's server; a wrong setting ends the program."""
    quiet_libraries()
    settings = environment.load()
    environment.prepare_data_dir(settings)
    environment.export_auth_secret(settings)
    local.require_loopback(config.run.host)
    chosen = choose_model(settings)
    store, storage = open_database(settings), open_storage(settings)
    layer = KeepchatDataLayer(store, storage, config.run.root_path)
    server.add_middleware(local.LocalAccess)
    server.add_exception_handler(StoreUnavailable, away.unavailable)
    for router in (
        files_router(store, storage, config.run.root_path),
        notice.notice_router(chosen.notice, config.run.root_path),
    ):
        # Before Chainlit's own routes: its last one answers every path.
        server.router.routes[:0] = router.routes
    return Parts(settings, layer, chosen)


def choose_model(settings: Settings) -> ModelChoice:
    """Return the model that the settings name."""
    key = settings.openai_api_key
    try:
        return choice.choose(
            api_key=key.get_secret_value() if key else None,
            base_url=settings.openai_base_url,
            model=settings.openai_model,
            ollama_url=settings.ollama_url,
            local=settings.auth_mode == "local",
            manner=Endpoint(
                model="",
                api_key="",
                context_tokens=settings.model_context_tokens,
                answer_tokens=settings.model_answer_tokens,
                temperature=settings.model_temperature,
                timeout_s=settings.model_timeout_s,
            ),
        )
    except choice.NoModel as exc:
        sys.exit(str(exc))


def open_database(settings: Settings) -> Store:
    """Return the store; a database that cannot be used as it is ends the program."""
    try:
        return prepare_store(settings)
    except DataLayerError as exc:
        sys.exit(f"DATABASE_URL: {exc}")


def register(parts: Parts) -> None:
    """Let Chainlit call us; done again after each reload of the code."""
    turns = Turns(parts.layer, parts.choice.model, parts.settings.system_prompt)
    local.register_user()
    guard.guard_socket()
    callbacks.register(turns)

    @cl.data_layer
    def data_layer() -> KeepchatDataLayer:
        return parts.layer

    @cl.on_app_startup
    async def on_app_startup() -> None:
        # Asked for now: without a layer at hand Chainlit would open one of its own on DATABASE_URL.
        chainlit.data.get_data_layer()
        parts.layer.start()
        await parts.choice.model.start()

    @cl.on_app_shutdown
    async def on_app_shutdown() -> None:
        await turns.close()
        await parts.choice.model.close()


def main() -> None:
    """Build the parts the first time, and register what calls them."""
    if not hasattr(server.state, "keepchat"):
        server.state.keepchat = build()
    register(server.state.keepchat)


main()
