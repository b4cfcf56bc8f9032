"""An open page without a browser, which shows what it is told as Chainlit's does."""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import aiohttp
import socketio

from datalayer.records import Saving

RESUMED_WITHIN_S = 3.0
AGAIN_S = 0.2

Step = dict[str, Any]


class Page:
    """One page of one conversation, which comes back whenever its line is cut."""

    def __init__(self, url: str, cookie: str) -> None:
        self.url = url
        self.headers = {"Cookie": cookie}
        self.thread_id = ""
        self.session = str(uuid.uuid4())
        self.steps: dict[str, Step] = {}
        self.shown_elements: Sequence[Mapping[str, Any]] = ()
        self.client: socketio.AsyncClient | None = None
        self.news = asyncio.Event()
        self.has_ended = self.is_resumed = self.is_busy = False
        self.saving = Saving.SAVED  # as it was told last

    def look_at(self, step: Step) -> None:
        """Note a step that has just come, or grown."""

    def hear(self, sentence: str) -> None:
        """Note what the page says for a moment."""

    @property
    def is_open(self) -> bool:
        return bool(self.client and self.client.connected and self.is_resumed)

    async def connect(self, http: aiohttp.ClientSession) -> None:
        """Have a line on which the page shows its conversation."""
        while not self.is_open:
            await self.leave()
            with suppress(socketio.exceptions.SocketIOError, aiohttp.ClientError, TimeoutError):
                await self._try_to_connect(http)
            if not self.is_open:
                await asyncio.sleep(AGAIN_S)

    async def _try_to_connect(self, http: aiohttp.ClientSession) -> None:
        self.is_resumed, self.is_busy = not self.thread_id, False
        self.client = client = socketio.AsyncClient(http_session=http, reconnection=False)
        client.on("*", self._take)
        client.on("disconnect", lambda *_: self.news.set())
        auth = {"sessionId": self.session, "clientType": "webapp", "userEnv": "{}"}
        await client.connect(
            self.url,
            auth={**auth, "chatProfile": "", "threadId": self.thread_id},
            socketio_path="ws/socket.io",
            transports=["websocket"],
            wait_timeout=5,
        )
        await client.emit("connection_successful")
        deadline = time.monotonic() + RESUMED_WITHIN_S
        while not self.is_resumed and client.connected and time.monotonic() < deadline:
            self.news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), AGAIN_S)

    async def leave(self) -> None:
        client, self.client = self.client, None
        if client:
            with suppress(Exception):
                await client.disconnect()

    # What the page shows

    async def _take(self, event: str, data: Any = None) -> None:
        self.news.set()
        match event:
            case "first_interaction":
                self.thread_id = data["thread_id"]
            case "task_start" | "task_end":
                self.is_busy = event == "task_start"
                self.has_ended = not self.is_busy
            case "resume_thread":
                self.steps = {step["id"]: dict(step) for step in data["steps"]}
                self.is_resumed, self.is_busy, self.has_ended = True, False, False
                self.shown_elements = data.get("elements") or []
                for step in data["steps"]:
                    self.look_at(step)
            case "new_message" | "stream_start" | "update_message":
                self.steps[data["id"]] = dict(data)
                self.look_at(data)
            case "stream_token" if data["id"] in self.steps:
                step = self.steps[data["id"]]
                step["output"] = ("" if data.get("isSequence") else step["output"]) + data["token"]
                self.look_at(step)
            case "window_message" if isinstance(data, dict) and "keepchatSaving" in data:
                self.saving = Saving(data["keepchatSaving"])
            case "toast":
                self.hear(str(data["message"]))
            case "delete_message":
                self.steps.pop(data["id"], None)
