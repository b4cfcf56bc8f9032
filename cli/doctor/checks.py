"""The doctor's checks, each of one part of the program."""

import shutil
import stat
import time
import uuid
from contextlib import aclosing
from dataclasses import replace

import openai

from bootstrap.login import open_login
from bootstrap.models import generation_settings, open_models
from bootstrap.storages import open_storage
from bootstrap.stores import open_store
from chat.attachments.process import standing_walls
from chat.attachments.reading.walls import ALL as ALL_WALLS
from chat.models.base import AnswerInterrupted, Ending, Model, NoChatAPI, ServerBusy
from chat.models.registry import NoModel, Origin
from chat.wording.sentences import sentence_for
from cli.doctor.findings import Finding, failed, ok, warning
from cli.doctor.links import try_link
from datalayer.errors import DataLayerError, StoreMisconfigured
from datalayer.pipeline.locks import apply_when_free
from datalayer.stores.base import Store
from datalayer.stores.capabilities import Migrates
from datalayer.writes import DeleteUser, RevisionClock, SaveUser
from settings import Settings
from storage.errors import StorageError

LEAST_FREE_BYTES = 1_000_000_000
FEW_TOKENS = 16  # some services take no fewer
NOBODY = "keepchat-doctor"  # written, read and deleted; one tombstone is all that stays
PROBES = "keepchat-check"  # a folder in the storage, which the sweep knows


def data_folder(settings: Settings) -> Finding:
    """Check that the data folder can be written and has room."""
    path = settings.data_path
    probe = path / f".doctor-{uuid.uuid4()}"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
        free = shutil.disk_usage(path).free
    except OSError as exc:
        return failed("data folder", f"{path}: {exc.strerror}.", "Set DATA_DIR to another folder.")
    if free < LEAST_FREE_BYTES:
        return warning("data folder", f"{path} has {free / 1e6:.0f} MB left.", "Make room.")
    return ok("data folder", f"{path}, {free / 1e9:.0f} GB free")


def secret(settings: Settings) -> Finding:
    """Check what signs logins."""
    if settings.chainlit_auth_secret:
        return ok("secret", "is set")
    path = settings.data_path / "auth_secret"
    if not path.exists():
        return ok("secret", f"will be made in {path} at the first start")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return warning("secret", f"Others may read {path}.", f"Run 'chmod 600 {path}'.")
    return ok("secret", f"is kept in {path}")


async def access(settings: Settings) -> Finding:
    """Check that somebody can come in, and nobody else."""
    try:
        store = open_store(settings, migrates=False)
    except StoreMisconfigured as exc:
        return failed("access", f"DATABASE_URL: {exc}")
    try:
        login = open_login(settings, store.accounts)
        state = login.state(settings.chainlit_host)
        if state.status == "ok" and (await store.describe()).is_there:
            state = await login.people() or state
    except DataLayerError as exc:
        return failed("access", str(exc))
    finally:
        await store.close()
    return Finding("access", state.status, state.message, state.remedy)


async def database(settings: Settings) -> Finding:
    """Check that the database has our schema and takes, gives and deletes."""
    try:
        store = open_store(settings, migrates=False)
    except StoreMisconfigured as exc:
        return failed("database", f"DATABASE_URL: {exc}")
    try:
        return await _database(store)
    except DataLayerError as exc:
        return failed("database", str(exc))
    finally:
        await store.close()


async def _database(store: Store) -> Finding:
    about = await store.describe()
    if not about.is_there:
        return warning("database", about.warning, about.remedy)
    if isinstance(store, Migrates) and await store.needs_migration():
        remedy = "Start the program or run 'python manage.py migrate'."
        return warning("database", "The schema is not that of this version.", remedy)
    began = time.perf_counter()
    save = SaveUser(identifier=NOBODY, metadata={}, revision=RevisionClock().next())
    await apply_when_free(store, [save])
    found = await store.get_user(NOBODY)
    delete = DeleteUser(identifier=NOBODY, revision=RevisionClock().next())
    await apply_when_free(store, [delete])
    if found is None:
        return failed("database", "What was written could not be read.", "Check DATABASE_URL.")
    if about.warning:
        return warning("database", about.warning, about.remedy)
    return ok("database", f"{about.summary}, written, read, deleted in {_ms(began)}")


async def storage(settings: Settings) -> Finding:
    """Check that the storage takes, gives and deletes, and how browsers get at it."""
    try:
        files = open_storage(settings)
    except ValueError as exc:
        return failed("storage", str(exc))
    try:
        began = time.perf_counter()
        await files.check()
        took = _ms(began)
        for_browsers = settings.storage_redirect == "on"
        problem = await try_link(files, PROBES, for_browsers=for_browsers)
    except (StorageError, OSError) as exc:
        return failed("storage", str(exc))
    finally:
        await files.close()
    if problem:
        return warning("storage", *problem)
    return ok("storage", f"{files}, written, read, deleted in {took}")


async def reading(_settings: Settings | None) -> Finding:
    """Check what keeps the process that reads attached files from everything else."""
    standing = await standing_walls()
    if missing := [wall for wall in ALL_WALLS if wall not in standing]:
        message = f"Nothing keeps the process that reads attached files from: {', '.join(missing)}."
        return warning("reading", message, "docs/security.md says which systems can.")
    return ok("reading", f"attached files are read without {', '.join(standing)}")


async def model(settings: Settings) -> Finding:
    """Check that each model answers."""
    try:
        models = open_models(settings)
    except NoModel as exc:
        return failed("model", str(exc))
    name, began = models.default.name, time.perf_counter()
    try:
        await models.start()
        for name in models.names:
            began = time.perf_counter()
            await _ask(models.find(name) or models.default, settings)
    except (openai.OpenAIError, AnswerInterrupted, NoChatAPI, ServerBusy, OSError) as exc:
        return failed("model", f"{name}: {sentence_for(exc, models.of_profile(name).variables)}")
    finally:
        await models.close()
    names = ", ".join(models.names)
    if models.origin is Origin.BUILT_IN:
        return warning("model", f"{names}, a small demo, answers.", "Set OPENAI_API_KEY.")
    learned = "".join(
        f"; {name} {what}" for name in models.names for what in models.of_profile(name).learned
    )
    return ok("model", f"{names}; the last answered in {_ms(began)}{learned}")


async def _ask(one: Model, settings: Settings) -> None:
    """Ask for a few tokens; an answer that is cut there is one, too. Instructions go along."""
    generation = replace(generation_settings(settings), answer_tokens=FEW_TOKENS)
    messages = [
        {"role": "system", "content": generation.system_prompt or "Be brief."},
        {"role": "user", "content": "Say yes."},
    ]
    async with aclosing(one.stream(messages, generation)) as batches:  # type: ignore[arg-type]
        async for batch in batches:
            if isinstance(batch[-1], Ending):
                return


def _ms(began: float) -> str:
    return f"{(time.perf_counter() - began) * 1000:.0f} ms"
