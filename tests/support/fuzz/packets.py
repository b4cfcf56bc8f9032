"""What may be sent over the socket: events, packets of the libraries beneath, and neither."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from access.guard.events import RULES
from chat.wording.settings_panel import NAMES
from tests.support.fuzz import odd

ANSWER_S = 30.0  # after so long without an answer the program hangs
PATH = "/ws/socket.io/?EIO=4&transport=websocket"
PING, PONG = "2", "3"
BARRIER, BEHIND = '42["fetch_favorites"]', '42["set_favorites"'
LEAVING = "41"
ASKING = ("client_message", "edit_message", "message_favorite")
CHOOSING = ("chat_settings_change", "chat_settings_edit")
UNKNOWN = ("", "x", "message", "error", "*", "__init__", "ping", "disconnecting", "x" * 500)
RAW: Sequence[str | bytes] = (
    *(
        "",
        "0",
        '0{"sid":"x"}',
        "1",
        "2",
        "2probe",
        "3",
        "3probe",
        "4",
        "5",
        "6",
        "7",
        "9",
        "b",
        "bAA",
    ),
    *(
        "40",
        "40{",
        "40/x,",
        '40/x,{"a":1}',
        "41/x,",
        "42",
        "42[]",
        "42{}",
        "42[1]",
        "42/x,[]",
        "42/",
    ),
    *("42[" * 3, "42" + "9" * 200 + '["stop"]', '42-1["stop"]', "43[]", "431[]", "43" + "9" * 500),
    *(
        '44"x"',
        "44",
        "45",
        "45-",
        "451-",
        '451-["x"]',
        "46",
        "47",
        "48",
        "4" * 900,
        "42" + "[" * 50_000,
    ),
    *('42["stop",' + '{"a":' * 5_000, '42["stop"', "42\0", "42\ufeff[]", "4" + "\U0001f600"),
    '451-["audio_chunk",{"_placeholder":true,"num":0}]',
    '452-["audio_chunk",{"_placeholder":true,"num":1},{"_placeholder":true,"num":-1}]',
    '45999999999-["x",{"_placeholder":true,"num":99999999999}]',
    '42["client_message",{"_placeholder":true,"num":0}]',
    '42["window_message","' + "x" * 70_000 + '"]',
    '42["window_message",' + "9" * 400 + "]",
    '42["client_message","' + "x" * 990_000 + '"]',
    *(b"", b"\0", b"4", b"\xff" * 100, b'42["stop"]', b"x" * 990_000),
)


@dataclass(frozen=True, slots=True)
class Talk:
    """What somebody sends, on a new connection where `auth` says how they connect."""

    who: str
    packets: Sequence[str | bytes]
    auth: str | None = None


def auth_of_page() -> dict[str, Any]:
    """Return what a new page connects with."""
    return {
        "sessionId": str(uuid.uuid4()),
        "clientType": "webapp",
        "userEnv": "{}",
        "chatProfile": "",
        "threadId": "",
    }


@st.composite
def talks(draw: DrawFn, people: Sequence[str], ids: tuple[str, ...]) -> Talk:
    """Some packets of somebody's, most often on the connection that they have."""
    packets = draw(st.lists(_packets(ids), min_size=1, max_size=8))
    connects = draw(st.integers(0, 9)) == 0
    return Talk(draw(st.sampled_from(people)), packets, draw(_auths(ids)) if connects else None)


@st.composite
def _auths(draw: DrawFn, ids: tuple[str, ...]) -> str:
    """Draw what to connect with: a page's, of which some things are odd."""
    if draw(st.booleans()):
        return odd.said(draw(odd.values(ids))).decode()
    return odd.said(draw(_changed(auth_of_page(), (), ids))).decode()


@st.composite
def _packets(draw: DrawFn, ids: tuple[str, ...]) -> str | bytes:
    """Draw an event, and now and then what closes the connection."""
    if draw(st.integers(0, 14)) == 0:
        return draw(st.sampled_from(RAW) | st.text(max_size=9))
    begins = draw(st.sampled_from(["42"] * 20 + ["421", "42/,", "42/x,", "43"]))
    if draw(st.integers(0, 3)) == 0:
        name, sent = draw(st.sampled_from([*RULES, *UNKNOWN])), draw(_arguments(ids))
    else:
        name = draw(st.sampled_from([*RULES, *ASKING, *CHOOSING]))
        sent = [draw(_shaped(name, ids)) for _ in RULES[name].shapes]
    return begins + odd.said([name, *sent]).decode()


def _arguments(ids: tuple[str, ...]) -> SearchStrategy[list[Any]]:
    return st.lists(odd.values(ids), max_size=3)


def _shaped(event: str, ids: tuple[str, ...]) -> SearchStrategy[Any]:
    """Return what is nearly what an event says."""
    if event in ASKING:
        return _questions(ids)
    if event in CHOOSING:
        return st.dictionaries(st.sampled_from(sorted(NAMES)), odd.values(ids), max_size=3)
    return odd.values(ids)


@st.composite
def _questions(draw: DrawFn, ids: tuple[str, ...]) -> dict[str, Any]:
    """Draw a question as a page sends it, of which some things are odd."""
    message = {
        "id": str(draw(st.uuids(version=4))),
        "type": "user_message",
        "name": "bob",
        "output": draw(st.sampled_from(odd.TEXTS) | st.text(max_size=30)),
        "createdAt": "2026-01-01T00:00:00Z",
        "threadId": "",
    }
    more = ("parentId", "metadata", "command", "language", "streaming", "modes")
    files = draw(
        st.none() | st.lists(st.sampled_from(ids).map(lambda one: {"id": one}), max_size=3)
    )
    named = {"message": draw(_changed(message, more, ids)), "fileReferences": files}
    return draw(_changed(named, ("x",), ids))


@st.composite
def _changed(
    draw: DrawFn, fields: dict[str, Any], more: Sequence[str], ids: tuple[str, ...]
) -> dict[str, Any]:
    """Draw a record of which, half of the times, a thing or two are odd."""
    wrong = st.sampled_from(ids) | odd.values(ids)
    changes = st.dictionaries(st.sampled_from([*fields, *more]), wrong, min_size=1, max_size=2)
    return fields | (draw(changes) if draw(st.booleans()) else {})


class Line:
    """Somebody's connection to the program, and what came over it since it was last asked."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._is_joined = False
        self.heard = ""

    @property
    def is_open(self) -> bool:
        """Tell whether the program takes it for a page's, as far as is known."""
        return self._is_joined and not self._socket.closed

    async def join(self, auth: str) -> None:
        """Say who it is, which the program may not believe. Raises TimeoutError where it hangs."""
        await self._send(f"40{auth}")
        await self._hear_until("40", "44")
        self._is_joined = "40{" in self.heard

    async def talk(self, packets: Sequence[str | bytes]) -> None:
        """Send packets, and wait until they are judged. Raises TimeoutError where it hangs."""
        for packet in packets:
            await self._send(packet)
        if any(isinstance(packet, str) and packet.startswith(LEAVING) for packet in packets):
            self._is_joined = False
        if self._is_joined:
            await self._send(BARRIER)
            await self._hear_until(BEHIND)

    async def close(self) -> None:
        """Go."""
        await self._socket.close()

    async def _send(self, packet: str | bytes) -> None:
        with suppress(ConnectionError):  # the program may have closed it
            if isinstance(packet, bytes):
                await self._socket.send_bytes(packet)
            else:
                await self._socket.send_str(packet.encode(errors="replace").decode())

    async def _hear_until(self, *signs: str) -> None:
        """Listen until something is said, or until it is closed."""
        self.heard = ""
        async with asyncio.timeout(ANSWER_S):
            async for message in self._socket:
                text = str(message.data)
                self.heard += text
                if text == PING:
                    await self._send(PONG)
                if text.startswith(signs):
                    return


async def connect(
    http: aiohttp.ClientSession, url: str, headers: Mapping[str, str], auth: str
) -> Line:
    """Connect with what may be no page's. Raises TimeoutError where the program hangs."""
    line = Line(await http.ws_connect(url + PATH, headers=headers, max_msg_size=0))
    await line.join(auth)
    return line
