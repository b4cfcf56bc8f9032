"""What a turn says goes to all pages of its thread, and who opens it joins in."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import chainlit.socket
from chainlit.emitter import ChainlitEmitter
from chainlit.message import Message
from chainlit.session import WebsocketSession
from chainlit.types import MessagePayload, ThreadDict

from chat.live.running import LiveThreads
from chat.live.thread import current_turn
from chat.turn.durability import database_deadline
from common.failures import in_one_line
from datalayer.errors import DataLayerError, StoreUnavailable, level_of
from patches.originals import Handler, replace, wrap
from patches.patch import Parts

logger = logging.getLogger("keepchat")

Emit = Callable[[str, Any], Awaitable[None]]
Process = Callable[[WebsocketSession, MessagePayload], Awaitable[None]]
Take = Callable[[ChainlitEmitter, MessagePayload], Awaitable[Message]]
Read = Callable[[WebsocketSession], Awaitable[ThreadDict | None]]


def tell_all_pages(parts: Parts) -> None:
    """Send what is said in a turn to all pages of its thread, the question too."""
    replace(ChainlitEmitter, "emit", lambda original: to_all(original, parts.live))
    replace(ChainlitEmitter, "process_message", showing_the_question)
    replace(chainlit.socket, "process_message", lambda original: as_a_turn(original, parts.live))


def join_running_answers(parts: Parts) -> None:
    """Let a page that opens a thread, or comes back to it, see what is shown and what comes."""
    replace(chainlit.socket, "resume_thread", lambda original: noting_when(original, parts.live))
    replace(ChainlitEmitter, "resume_thread", lambda _original: joining(parts.live))
    wrap("connection_successful", lambda original: coming_back(original, parts.live))


def to_all(original: property, live: LiveThreads) -> property:
    """Return how an emitter sends: within a turn to all pages of the thread."""

    def emit(emitter: ChainlitEmitter) -> Emit:
        turn = current_turn()
        if turn is None or turn.page is not emitter.session:
            found: Emit = original.__get__(emitter)
            return found
        return partial(live.say, turn)

    return property(emit)


def showing_the_question(original: Take) -> Take:
    """Return what takes a question, and shows it to the pages that it was not asked in."""

    async def process_message(emitter: ChainlitEmitter, payload: MessagePayload) -> Message:
        question = await original(emitter, payload)
        if turn := current_turn():
            await turn.thread.publish("new_message", question.to_dict(), without=turn.page)
        return question

    return process_message


def as_a_turn(original: Process, live: LiveThreads) -> Process:
    """Return what answers a question as a turn of its thread."""

    async def process_message(page: WebsocketSession, payload: MessagePayload) -> None:
        async with live.turn(page):
            await original(page, payload)

    return process_message


def noting_when(original: Read, live: LiveThreads) -> Read:
    """Return what reads the thread that a page opens, and notes when."""

    async def resume_thread(page: WebsocketSession) -> ThreadDict | None:
        live.reading(page)
        async with database_deadline():
            thread = await original(page)
        if thread is None and page.restored and live.of(page).is_running:
            message = f"Thread {page.thread_id} is not stored yet."
            raise StoreUnavailable(message)
        return thread

    return resume_thread


def joining(live: LiveThreads) -> Callable[[ChainlitEmitter, ThreadDict], Awaitable[None]]:
    """Return what gives a page its thread, with what its running answers have shown."""

    def resume_thread(emitter: ChainlitEmitter, thread: ThreadDict) -> Awaitable[None]:
        return live.resume(emitter.session, thread)

    return resume_thread


def coming_back(original: Handler, live: LiveThreads) -> Handler:
    """Return a handler that gives a page that comes back its thread anew, as it is now."""

    async def connection_successful(sid: str) -> None:
        page = WebsocketSession.get(sid)
        if page and page.thread_id_to_resume and not page.has_first_interaction:
            page.restored = False  # its thread could not be read then: Chainlit would never again
        if page is None or not page.restored or not page.has_first_interaction:
            await original(sid)
            if page:
                await live.greet(page)
            return
        page.thread_id_to_resume = page.thread_id
        try:
            await original(sid)
        except DataLayerError as exc:
            logger.log(
                level_of(exc), "A page that comes back is given what runs: %s", in_one_line(exc)
            )
            await live.catch_up(page)
        await live.greet(page)  # it has missed what became of saving meanwhile

    return connection_successful
