"""The gate of the socket: what is no event of a page's reaches no handler.

The libraries beneath Chainlit hand on whatever a client sends: events under the names of those that
the server itself begins, with any arguments, in pieces without an end. What they cannot read is a
traceback in the log.
"""

import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

from chainlit.config import config
from chainlit.emitter import ChainlitEmitter
from chainlit.server import sio
from chainlit.session import WebsocketSession
from engineio.async_socket import AsyncSocket
from engineio.exceptions import EngineIOError, UnknownPacketError
from engineio.packet import CLOSE, packet_names

from access.guard import events
from access.guard.handshakes import Handshakes
from access.guard.pages import user_of
from access.guard.user_limits import LimitReached, UserLimits
from common.failures import in_one_line
from datalayer.errors import StoreUnavailable, level_of
from patches.originals import Handler, replace, wrap, wrap_packets
from patches.patch import Parts

logger = logging.getLogger("keepchat")

HANDSHAKE_S = 20.0  # so long a socket may be open without having said who it is
ROOT = "/"
_SENT = ("0", "1", "2", "3")  # connect, disconnect, event, answer: a packet's first character
_ONE_PIECE = "51-"  # an event with one piece of bytes

_packet_size: ContextVar[int] = ContextVar("packet_size", default=0)

Handle = Callable[..., Awaitable[Any]]


# Packets


def judge_packets(parts: Parts) -> None:
    """Close sockets that send what no page sends, and those that do not say who they are."""
    handshakes = Handshakes(parts.requests.waiting, HANDSHAKE_S, close)
    wrap_packets("message", if_packet)
    wrap_packets("connect", lambda original: noting_handshake(original, handshakes))
    replace(sio, "_handle_connect", lambda original: if_first(original, handshakes))
    replace(AsyncSocket, "receive", receive)
    replace(AsyncSocket, "handle_post_request", post_request)
    replace(AsyncSocket, "_websocket_handler", websocket_handler)


def if_packet(original: Handle) -> Handle:
    """Return a handler of packets that takes those of pages alone."""

    async def message(eio_sid: str, data: Any) -> None:
        if not is_packet(data):
            await refuse(eio_sid, "it sends what no page sends")
            return
        _packet_size.set(len(data))
        try:
            await original(eio_sid, data)
        except Exception as exc:  # noqa: BLE001 - whatever the library makes of it
            await refuse(eio_sid, in_one_line(exc))

    return message


def is_packet(data: Any) -> bool:
    """Tell whether a page sends packets of this kind; with sound also bytes, one piece each."""
    if isinstance(data, str) and data.startswith(_SENT):
        return True
    return has_feature("audio") and (isinstance(data, bytes) or data.startswith(_ONE_PIECE))


def has_feature(name: str) -> bool:
    """Tell whether a feature of Chainlit's is switched on."""
    return bool(getattr(getattr(config.features, name, None), "enabled", False))


def noting_handshake(original: Handle, handshakes: Handshakes) -> Handle:
    """Return a handler of new sockets that expects each to say who it is."""

    async def connect(eio_sid: str, environ: dict[str, Any]) -> Any:
        handshakes.begin(eio_sid)
        return await original(eio_sid, environ)

    return connect


def if_first(original: Handle, handshakes: Handshakes) -> Handle:
    """Return a handler of connects that takes one from each socket."""

    async def handle_connect(eio_sid: str, namespace: str | None, data: Any) -> None:
        handshakes.end(eio_sid)
        if (namespace or ROOT) != ROOT or sio.manager.sid_from_eio_sid(eio_sid, ROOT):
            await refuse(eio_sid, "it connects to what is not there, or once more")
        else:
            await original(eio_sid, namespace, data)

    return handle_connect


async def refuse(eio_sid: str, why: str) -> None:
    """Close a socket, with a line in the log."""
    logger.warning("A socket is closed: %s", why)
    await close(eio_sid)


async def close(eio_sid: str) -> None:
    """Close a socket."""
    if socket := sio.eio.sockets.get(eio_sid):
        await end(socket)


async def end(socket: Any) -> None:
    """Close a socket without waiting until its client has taken what is still to be sent."""
    await socket.close(wait=False)
    await socket.queue.put(None)  # ends what writes to it, and so the connection


def receive(original: Handle) -> Handle:
    """Return what takes a packet, knows of which kinds there are, and ends who says so."""

    async def handle(socket: Any, packet: Any) -> None:
        if packet.packet_type >= len(packet_names):
            raise UnknownPacketError
        await original(socket, packet)
        if packet.packet_type == CLOSE:
            await end(socket)

    return handle


def post_request(original: Handle) -> Handle:
    """Return what reads a polling request, and has 400 answered for what cannot be read."""

    async def handle_post_request(socket: Any, environ: dict[str, Any]) -> None:
        try:
            await original(socket, environ)
        except Exception as exc:
            logger.warning("A socket is closed: %s", in_one_line(exc))
            await end(socket)
            raise EngineIOError from exc

    return handle_post_request


def websocket_handler(original: Handle) -> Handle:
    """Return what reads a websocket, and ends it at what cannot be read."""

    async def handle(socket: Any, ws: Any) -> Any:
        try:
            return await original(socket, ws)
        except OSError:  # its page has gone
            await end(socket)
        except Exception as exc:  # noqa: BLE001 - whatever the library makes of it
            logger.warning("A socket is closed: %s", in_one_line(exc))
            await end(socket)

    return handle


# Events


def judge_events(parts: Parts) -> None:
    """Hand on what a page of somebody's sends, as often as they may."""
    replace(sio, "_handle_event", lambda original: if_allowed(original, parts.user_limits))


def if_allowed(original: Handle, limits: UserLimits) -> Handle:
    """Return a handler of all events that hands on those that a rule lets through."""

    async def handle_event(eio_sid: str, namespace: str | None, id_: Any, data: Any) -> None:
        session = WebsocketSession.get(sio.manager.sid_from_eio_sid(eio_sid, ROOT))
        if session is None:
            return
        try:
            limits.take_event(user_of(session))
        except LimitReached as exc:
            await tell(session, exc)
            return
        if why := events.fault(data, _packet_size.get(), has_feature):
            if limits.is_news("refused event", user_of(session)):
                logger.warning("An event of %r is refused: %s", user_of(session), why)
            return
        await original(eio_sid, namespace, id_, data)

    return handle_event


def answer_failures(_parts: Parts) -> None:
    """Say in the page what of a user's is too much; all else that fails is a line of the log."""
    for event in sio.handlers[ROOT].keys() - {"connect", "disconnect"}:
        wrap(event, partial(failing_quietly, event))


def failing_quietly(event: str, original: Handler) -> Handler:
    """Return a handler whose failures are told where they belong."""

    async def handle(sid: str, *sent: Any) -> Any:
        try:
            return await original(sid, *sent)
        except LimitReached as exc:
            if session := WebsocketSession.get(sid):
                await tell(session, exc)
        except StoreUnavailable as exc:
            logger.log(level_of(exc), "The event %s is not answered: %s", event, in_one_line(exc))
        except Exception as exc:  # noqa: BLE001 - whatever it is
            logger.error("The event %s failed: %s", event, in_one_line(exc))  # noqa: TRY400
        return None

    return handle


async def tell(session: WebsocketSession, reached: LimitReached) -> None:
    """Show the page which limit its user has reached, unless it has just been shown."""
    if not reached.is_news:
        return
    sentence = reached.sentence.in_language(session.environ.get("HTTP_ACCEPT_LANGUAGE"))
    emitter = ChainlitEmitter(session)
    await emitter.send_toast(sentence, "error")
    await emitter.task_end()
