"""Wiring only: opens the parts and hangs them into Chainlit. Run by `chainlit run app.py`."""

from common.processes import collector

IS_PAUSED = collector.pause()

import asyncio
import gc
import logging
from functools import partial

import chainlit as cl
import chainlit.data
from chainlit.config import FILES_DIRECTORY, config
from chainlit.server import app as server

import settings as environment
from access.login.base import LoginMode
from access.login.sessions import FIRST_POLL_S
from bootstrap.attachments import tell_walls
from bootstrap.logs import log_as, log_in_detail, quiet_libraries
from bootstrap.parts import open_parts, with_new_turns
from bootstrap.private_files import keep_private
from bootstrap.replicas import tell_kept_apart
from bootstrap.start import require_port, tell_start
from bootstrap.stores import take_over_users_late
from bootstrap.watch import Watch
from chat import callbacks
from common.processes.ending import end_at_a_signal
from common.processes.kernel import hide
from datalayer.errors import DataLayerError
from datalayer.layer import KeepchatDataLayer
from patches.catalogue import patch_code, patch_server
from patches.patch import Parts
from patches.program.stopping import PARTS_S
from settings import Settings

if IS_PAUSED:
    collector.resume()

logger = logging.getLogger("keepchat")


def main() -> None:
    """Open the parts the first time, and register what calls them at each load of the code."""
    kept = getattr(server.state, "keepchat", None)
    settings, parts = reloaded(*kept) if kept else started()
    server.state.keepchat = settings, parts
    patch_code(parts)
    callbacks.register(parts.turns, parts.options)
    parts.login.register()
    register(settings, parts)


def started() -> tuple[Settings, Parts]:
    """Open everything and change Chainlit's server; a wrong setting ends the program."""
    end_at_a_signal()
    quiet_libraries()
    hide()  # from what reads people's files, should somebody take that over
    settings = environment.load()
    log_as(settings.log_format)
    log_in_detail(settings.log_debug)
    for sentence in environment.misspelt():
        logger.warning(sentence)
    environment.prepare_data_dir(settings)
    keep_private(settings, FILES_DIRECTORY)
    environment.export_auth_secret(settings)
    require_port(config.run.host, config.run.port)
    parts = open_parts(settings, host=config.run.host, prefix=config.run.root_path)
    patch_server(parts)
    return settings, parts


def reloaded(settings: Settings, parts: Parts) -> tuple[Settings, Parts]:
    """Keep what stays when `chainlit run -w` loads the code again."""
    server.state.closing = asyncio.get_running_loop().create_task(close_turns(parts))
    return settings, with_new_turns(parts, settings)


async def close_turns(parts: Parts) -> None:
    """Stop the answers that are on their way, and what gives them."""
    await parts.turns.close()
    await parts.models.close()


async def tell_who_can_sign_in(login: LoginMode) -> None:
    """Warn where nobody can."""
    try:
        async with asyncio.timeout(FIRST_POLL_S):
            state = await login.people()
    except (DataLayerError, TimeoutError):
        return  # it has been said that the database is away
    if state and state.status != "ok":
        logger.warning(f"{state.message} {state.remedy}".strip())


def register(settings: Settings, parts: Parts) -> None:
    """Let Chainlit know our data layer, and begin and end with it."""

    watch = Watch()

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
        log_as(settings.log_format)  # the server has made handlers of its own
        run = config.run
        tell_start(settings, parts.models, run.host, run.port, run.root_path)
        await parts.login.sessions.start()
        late = take_over_users_late(settings)
        server.state.taking_over = asyncio.get_running_loop().create_task(late)
        await tell_who_can_sign_in(parts.login)
        await tell_walls()
        parts.elsewhere.start(on_met=partial(tell_kept_apart, settings))
        parts.lag.start()
        await parts.models.start()
        watch.start(parts.storage, parts.layer.outages, parts.turns, parts.models.default)

    @cl.on_app_shutdown
    async def on_app_shutdown() -> None:
        parts.ending.begin()
        server.state.taking_over.cancel()
        await parts.ending.step("what other processes are told", close_parts(parts, watch), PARTS_S)


async def close_parts(parts: Parts, watch: Watch) -> None:
    """Close what needs the data layer, all at once."""
    links = [parts.links.close()] if parts.links else []
    closing = (
        parts.models,
        parts.elsewhere,
        parts.live,
        parts.login.sessions,
        parts.readiness,
        parts.meters,
    )
    await asyncio.gather(watch.close(), parts.lag.close(), *(it.close() for it in closing), *links)


main()
