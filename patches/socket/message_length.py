"""How long a message may be: the page knows it, and what comes longer goes back to its box."""

from contextlib import suppress
from typing import Any

from chainlit.emitter import ChainlitEmitter
from chainlit.session import WebsocketSession

from chat.live.running import LiveThreads
from chat.wording.actions import EDIT_TOO_LONG
from chat.wording.unavailable import TOO_LONG
from datalayer.errors import DataLayerError
from patches.originals import Handler, wrap
from patches.patch import Parts
from patches.socket.handlers import return_message


def limit_length(parts: Parts) -> None:
    """Take messages, new and edited ones, of so many characters at most."""
    most = parts.limits.characters
    wrap("client_message", lambda original: if_short(original, most))
    wrap("edit_message", lambda original: if_edit_is_short(original, most, parts.live))


def if_short(original: Handler, most: int) -> Handler:
    """Return a handler that gives back to its page what is longer, with its files."""

    async def message(sid: str, payload: Any) -> Any:
        session = WebsocketSession.get(sid)
        if session is not None and (length := len(payload["message"]["output"])) > most:
            await return_message(session, payload, TOO_LONG.filled(length=length, most=most))
            return None
        return await original(sid, payload)

    return message


def if_edit_is_short(original: Handler, most: int, live: LiveThreads) -> Handler:
    """Return a handler that leaves a question as it was where its edited form is longer."""

    async def edit(sid: str, payload: Any) -> Any:
        session = WebsocketSession.get(sid)
        if session is None or (length := len(payload["message"]["output"])) <= most:
            return await original(sid, payload)
        emitter = ChainlitEmitter(session)
        sentence = EDIT_TOO_LONG.filled(length=length, most=most)
        language = session.environ.get("HTTP_ACCEPT_LANGUAGE")
        await emitter.send_toast(sentence.in_language(language), "error")
        await emitter.task_end()
        with suppress(DataLayerError):  # it shows the edited form, until it is reloaded
            await live.give_back(session)
        return None

    return edit
