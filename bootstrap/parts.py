"""All parts of the program, opened as the settings name them. What cannot be opened ends it."""

import logging
import sys
from dataclasses import replace

from access.guard.answers import RunningAnswers
from access.guard.copies import RunningCopies
from access.guard.limits import WaitingFiles
from access.guard.session_files import SessionFiles
from access.guard.temporary import TemporaryChats
from access.login.accounts.errors import AccountError
from access.login.base import LoginMode
from bootstrap.attachments import open_attachments
from bootstrap.files import upload_limits
from bootstrap.health import measure, open_readiness, readers_of
from bootstrap.login import open_login
from bootstrap.models import generation_settings, open_models
from bootstrap.requests import origins, request_limits, user_limits
from bootstrap.storages import open_spool, open_storage
from bootstrap.stores import open_journal, prepare_store
from chat.actions.answers import AnswerActions
from chat.actions.editing import Editing
from chat.live.elsewhere import AnswersElsewhere
from chat.live.running import LiveThreads
from chat.models.registry import Models, NoModel
from chat.options import Options
from chat.turn.crowd import Crowd
from chat.turn.titles import Titles
from chat.turn.turn import Turns
from chat.wording.unavailable import show_file_lost
from common.concurrency.tasks import TaskSet
from common.processes.ending import Ending
from common.recorder import NO_RECORDER, Recorder
from datalayer.errors import DataLayerError
from datalayer.layer import KeepchatDataLayer
from datalayer.stores.base import Store
from patches.patch import Parts
from patches.socket.line import SocketLine
from routes.files.links import SignedLinks
from routes.health.lag import LoopLag
from routes.health.meters import Meters
from settings import Settings, auth_secret
from storage.base import Storage

logger = logging.getLogger("keepchat")


def open_parts(settings: Settings, *, host: str, prefix: str) -> Parts:
    """Open everything, for a server that listens on a host and whose paths have a prefix."""
    files = open_storage_or_end(settings)
    models = _open_models(settings)
    meters = Meters()
    store = open_store_or_end(settings, meters)
    ending = Ending()
    layer = KeepchatDataLayer(
        store,
        files,
        prefix,
        show_file_lost,
        journal=open_journal(settings),
        journal_after_s=settings.journal_after_s,
        spool=open_spool(settings),
        recorder=meters,
        ending=ending,
    )
    login = _open_login(settings, host, prefix, store, layer)
    limits = upload_limits(settings)
    users = user_limits(settings, are_many=not login.is_personal)
    layer.limit_copies(RunningCopies(users).admit)
    line = SocketLine()
    running, live = RunningAnswers(users, ending), LiveThreads(layer, line)
    files_of_pages = SessionFiles(settings.session_files_path)
    layer.on_saving = live.saving.note
    measure(meters, layer, live, line)
    return Parts(
        prefix=prefix,
        store=store,
        storage=layer.storage,
        links=SignedLinks(layer.storage) if settings.storage_redirect == "on" else None,
        layer=layer,
        login=login,
        hsts_s=settings.hsts_max_age_s,
        requests=request_limits(settings),
        origins=origins(settings),
        user_limits=users,
        limits=limits,
        waiting_files=WaitingFiles(limits, users),
        session_files=files_of_pages,
        temporary=TemporaryChats(layer, running, users, files_of_pages),
        running=running,
        live=live,
        elsewhere=AnswersElsewhere(store.answers, layer, live),
        actions=AnswerActions(layer, live, running),
        editing=Editing(layer, live),
        sharing=settings.thread_sharing == "on",
        models=models,
        turns=_turns(settings, layer, models, login, meters),
        options=Options(layer, models, generation_settings(settings)),
        readiness=open_readiness(store, files, layer, login, ending),
        meters=meters,
        metrics_readers=readers_of(settings),
        lag=LoopLag(meters.loop_lagged),
        background=TaskSet(),
        ending=ending,
        answers_s=settings.shutdown_answers_s,
    )


def with_new_turns(parts: Parts, settings: Settings) -> Parts:
    """Return the parts with new models and turns: reloaded code does not know the old ones'."""
    models = _open_models(settings)
    turns = _turns(settings, parts.layer, models, parts.login, parts.meters)
    options = Options(parts.layer, models, generation_settings(settings))
    return replace(parts, models=models, turns=turns, options=options)


def _turns(
    settings: Settings,
    layer: KeepchatDataLayer,
    models: Models,
    login: LoginMode,
    recorder: Recorder,
) -> Turns:
    crowd = Crowd()
    return Turns(
        layer=layer,
        models=models,
        generation=generation_settings(settings),
        attachments=open_attachments(settings, layer),
        titles=Titles(layer, crowd) if settings.thread_titles == "on" else None,
        crowd=crowd,
        users_are_operators=login.users_are_operators,
        recorder=recorder,
    )


def _open_login(
    settings: Settings, host: str, prefix: str, store: Store, layer: KeepchatDataLayer
) -> LoginMode:
    secret = auth_secret(settings)
    login = open_login(settings, store.accounts, secret, layer.create_user, store.get_user, prefix)
    login.sessions.database = layer.outages.database
    state = login.state(host)
    sentence = f"{state.message} {state.remedy}".strip()
    if state.status == "failed":
        sys.exit(sentence)
    if state.status == "warning":
        logger.warning(sentence)
    return login


def _open_models(settings: Settings) -> Models:
    try:
        return open_models(settings)
    except NoModel as exc:
        sys.exit(str(exc))


def open_store_or_end(settings: Settings, recorder: Recorder = NO_RECORDER) -> Store:
    """Return the store, migrated; what is wrong with it ends the program with a line."""
    try:
        return prepare_store(settings, recorder)
    except AccountError as exc:
        sys.exit(f"USERS_FILE: {exc}")
    except DataLayerError as exc:
        sys.exit(f"DATABASE_URL: {exc}")


def open_storage_or_end(settings: Settings) -> Storage:
    """Return the storage; what is wrong with its URL ends the program with a line."""
    try:
        return open_storage(settings)
    except ValueError as exc:
        sys.exit(f"{exc} See .env.example.")
