"""Before Chainlit's handlers of the socket's events."""

import asyncio
import json
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any, cast

from chainlit.chat_context import chat_contexts
from chainlit.config import config
from chainlit.context import init_ws_context
from chainlit.emitter import ChainlitEmitter
from chainlit.server import sio
from chainlit.session import WebsocketSession
from chainlit.step import StepDict
from chainlit.user_session import user_sessions
from socketio.exceptions import ConnectionRefusedError as SocketRefused

from access.guard.answers import RunningAnswers
from access.guard.events import as_asked
from access.guard.limits import UploadLimits, WaitingFiles, first_references
from access.guard.pages import sessions_of, user_of
from access.guard.panel import are_known
from access.guard.session_files import SessionFiles
from access.guard.sockets import has_valid_auth, may_ask, may_star
from access.guard.user_limits import LimitReached, UserLimits
from chat.actions.editing import edited
from chat.live.elsewhere import AnswersElsewhere
from chat.wording.language import Localized
from chat.wording.settings_panel import NAMES
from chat.wording.unavailable import FILES_NOT_HERE, NOTHING_KEPT
from common.failures import in_one_line
from datalayer.errors import StoreUnavailable, level_of
from datalayer.layer import KeepchatDataLayer
from datalayer.records import Saving
from datalayer.values import is_temporary
from patches.originals import Handler, wrap
from patches.patch import Parts

logger = logging.getLogger(__name__)

Judge = Callable[[KeepchatDataLayer, WebsocketSession, Any], Awaitable[bool]]


def check_ids(parts: Parts) -> None:
    """Refuse a connection that no page makes."""
    wrap("connect", lambda original: if_auth_is_valid(original, parts.user_limits))


def if_auth_is_valid(original: Handler, limits: UserLimits) -> Handler:
    """Return a connect handler that refuses unless all ids are UUIDs, in words where it can."""

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> Any:
        if not has_valid_auth(auth):
            message = "sessionId and threadId must be UUIDs, and all else of its kind"
            raise SocketRefused(message)
        language = environ.get("HTTP_ACCEPT_LANGUAGE")
        try:
            limits.check_bytes("env_kb", auth.get("userEnv"), "somebody")
            return await original(sid, environ, auth)
        except LimitReached as exc:
            raise SocketRefused(exc.sentence.in_language(language)) from exc
        except (SocketRefused, ConnectionRefusedError):
            raise
        except StoreUnavailable as exc:
            logger.log(level_of(exc), "A page cannot connect: %s", in_one_line(exc))
            raise SocketRefused("failed") from exc
        except Exception as exc:
            logger.error("A page cannot connect: %s", in_one_line(exc))  # noqa: TRY400
            raise SocketRefused("failed") from exc

    return connect


def limit_sessions(parts: Parts) -> None:
    """Let each user have so many open pages, and each page no more than it needs."""
    wrap("connect", lambda original: with_few_sessions(original, parts.user_limits, parts.running))


def with_few_sessions(original: Handler, limits: UserLimits, running: RunningAnswers) -> Handler:
    """Return a connect handler that ends the oldest pages whose line is cut, where it is too many.

    Raises `LimitReached` where all are in use.
    """

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> Any:
        connected = await original(sid, environ, auth)
        session = WebsocketSession.get(sid)
        if session and not session.restored:
            named = config.project.user_env or ()
            session.user_env = {it: session.user_env[it] for it in named if it in session.user_env}
            await _make_room(session, limits, running)
        return connected

    return connect


async def _make_room(
    session: WebsocketSession, limits: UserLimits, running: RunningAnswers
) -> None:
    user = user_of(session)
    while True:
        try:
            limits.check("sessions", sum(1 for _ in sessions_of(user)), user, quietly=True)
        except LimitReached:
            left = (one for one in sessions_of(user) if one is not session)
            oldest = next((one for one in left if is_left(one) and not running.of(one)), session)
            await end_session(oldest)
            if oldest is session:
                limits.check("sessions", math.inf, user)
        else:
            return


def is_left(session: WebsocketSession) -> bool:
    """Tell whether a page's line is cut: it may come back, or be closed."""
    return not sio.manager.is_connected(session.socket_id, "/")


async def end_session(session: WebsocketSession) -> None:
    """Forget a page, and remove its files."""
    user_sessions.pop(session.id, None)
    await session.delete()


def limit_answers(parts: Parts) -> None:
    """Let each user have so many answers on their way, of questions and of edited ones."""
    for event in ("client_message", "edit_message"):
        wrap(event, lambda original: with_few_answers(original, parts.running))


def with_few_answers(original: Handler, running: RunningAnswers) -> Handler:
    """Return a handler that counts its answer; a question that is too many leaves the page."""

    async def handle(sid: str, payload: Any) -> Any:
        session, task = WebsocketSession.get(sid), asyncio.current_task()
        if session is None or task is None:
            return None
        before = session.current_task
        try:
            running.begin(session, task)
        except LimitReached:
            await _take_back(session, payload)
            raise
        done = await original(sid, payload)
        if session.current_task and session.current_task not in (before, task):
            running.go_on(session, session.current_task)
        return done

    return handle


async def _take_back(session: WebsocketSession, payload: Any) -> None:
    """Remove a question that is not taken from the page that has already shown it."""
    message_id = payload["message"]["id"]
    if all(message.id != message_id for message in chat_contexts.get(session.id, ())):
        await ChainlitEmitter(session).delete_step(cast(StepDict, {"id": message_id}))


def limit_settings(parts: Parts) -> None:
    """Take what is in the panel of settings, and no more of it than a user may have."""
    for event in ("chat_settings_change", "chat_settings_edit"):
        wrap(event, lambda original: with_known_settings(original, parts.user_limits))


def with_known_settings(original: Handler, limits: UserLimits) -> Handler:
    """Return a handler that refuses what is not in the panel, and what is too much."""

    async def handle(sid: str, chosen: Any) -> Any:
        session = WebsocketSession.get(sid)
        if session is None:
            return None
        if not are_known(chosen, NAMES):
            logger.warning("Settings in thread %s are refused", session.thread_id)
            return None
        merged = json.dumps({**session.chat_settings, **chosen}, ensure_ascii=False)
        limits.check_bytes("settings_kb", merged, user_of(session))
        return await original(sid, chosen)

    return handle


def limit_files(parts: Parts) -> None:
    """Take no more files with a message than are allowed."""
    wrap(
        "client_message",
        lambda original: with_few_files(
            original, parts.limits, parts.waiting_files, parts.session_files
        ),
    )


def take_what_is_kept(parts: Parts) -> None:
    """Take no message while it would be kept nowhere."""
    wrap("client_message", lambda original: if_kept(original, parts.layer))


def if_kept(original: Handler, layer: KeepchatDataLayer) -> Handler:
    """Return a handler that gives messages back while neither database nor journal takes them."""

    async def message(sid: str, payload: Any) -> Any:
        session = WebsocketSession.get(sid)
        is_lost = layer.saving is Saving.REFUSED
        if is_lost and session is not None and not is_temporary(session.thread_id):
            await return_message(session, payload, NOTHING_KEPT)
            return None
        return await original(sid, payload)

    return message


def with_few_files(
    original: Handler, limits: UploadLimits, waiting: WaitingFiles, files: SessionFiles
) -> Handler:
    """Return a handler that leaves out files above the limit; the others do not wait any more.

    A message whose files are not here goes back to its page.
    """

    async def message(sid: str, payload: Any) -> Any:
        session = WebsocketSession.get(sid)
        if session is not None and isinstance(payload, dict):
            named = first_references(payload.get("fileReferences"), limits.files)
            payload["fileReferences"] = named
            ids = {one["id"] for one in named}
            if not ids <= session.files.keys():
                await return_message(session, payload, FILES_NOT_HERE)
                return None
            waiting.sent(session, ids)
            await files.sent(session, ids)
        return await original(sid, payload)

    return message


async def return_message(session: WebsocketSession, payload: Any, sentence: Localized[str]) -> None:
    """Give a message back that would be lost, or its files; the page has those perhaps."""
    logger.warning("A message in thread %s is returned: %s", session.thread_id, sentence)
    await _take_back(session, payload)
    file_ids = {one["id"] for one in payload.get("fileReferences") or ()}
    emitter = ChainlitEmitter(session)
    language = session.environ.get("HTTP_ACCEPT_LANGUAGE")
    returned = {"text": payload["message"].get("output") or "", "files": sorted(file_ids)}
    await emitter.send_window_message({"keepchatReturned": returned})
    await emitter.send_toast(sentence.in_language(language), "warning")
    await emitter.task_end()


def check_message(parts: Parts) -> None:
    """Refuse a message that its user cannot have asked here."""
    wrap("client_message", as_it_is_asked)
    wrap("client_message", lambda original: if_allowed(original, may_ask, parts.layer))


def as_it_is_asked(original: Handler) -> Handler:
    """Return a handler that takes of a question what is for a page to say."""

    async def message(sid: str, payload: Any) -> Any:
        return await original(sid, {**payload, "message": as_asked(payload["message"])})

    return message


def check_star(parts: Parts) -> None:
    """Refuse a star on what is not the user's own question."""
    wrap("message_favorite", lambda original: if_allowed(original, may_star, parts.layer))


def if_allowed(original: Handler, is_allowed: Judge, layer: KeepchatDataLayer) -> Handler:
    """Return a handler that lets through what a session may send."""

    async def handle(sid: str, payload: Any) -> Any:
        session = WebsocketSession.get(sid)
        if session is None:
            return None
        if not await is_allowed(layer, session, payload):
            logger.warning("A message in thread %s is refused", session.thread_id)
            return None
        return await original(sid, payload)

    return handle


def edit_without_a_loss(parts: Parts) -> None:
    """Let nothing be lost by the edit of a question."""
    wrap("edit_message", lambda _original: edited(parts.editing))


def stop_without_a_message(parts: Parts) -> None:
    """Stop all answers of a page's thread, wherever they run, and add no message."""
    wrap("stop", lambda _original: stopping(parts.running, parts.elsewhere))


def stopping(running: RunningAnswers, elsewhere: AnswersElsewhere) -> Handler:
    """Return a handler that stops whatever is on its way in the thread of a page."""

    async def stop(sid: str) -> None:
        session = WebsocketSession.get(sid)
        if session is None:
            return
        init_ws_context(session)
        for task in {*running.of(session), session.current_task}:
            if task:
                task.cancel()
        await elsewhere.stop(session.thread_id)

    return stop
