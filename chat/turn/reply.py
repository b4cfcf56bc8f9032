"""The answer as it grows: shown piece by piece, stored on the way and at its end."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any

import chainlit as cl
from chainlit.chat_context import chat_context
from chainlit.utils import utc_now

from chat.models.base import AnswerEvent, Ending, GeneratedImage, Piece, Rethought, Waiting
from chat.turn.durability import until_stored
from chat.turn.waiting import WaitingLine
from chat.wording.language import Localized
from chat.wording.unavailable import ANSWER
from datalayer.layer import KeepchatDataLayer

CHECKPOINT_S = 1.0  # what is shown is stored at least this often
THOUGHTS = Localized(en="Reasoning", zh="思考过程")


class Reply:
    """One answer of a model, with what it thought before."""

    def __init__(self, layer: KeepchatDataLayer, model: str) -> None:
        self._layer = layer
        self._model = model
        self._ending = Ending()
        self._is_finished = False
        self._waiting = WaitingLine()
        self._thoughts: cl.Step | None = None
        self._refusals: Mapping[str, Sequence[str]] = {}
        self._message = cl.Message(content="", metadata=self._metadata("streaming"))

    @property
    def text(self) -> str:
        """What has been shown of the answer, but for its images."""
        return str(self._message.content)

    @property
    def has_begun(self) -> bool:
        """Whether anything of the answer has been shown."""
        return bool(self._message.content or self._message.elements)

    async def show(self, events: Sequence[AnswerEvent]) -> bool:
        """Show what has arrived; tell whether anything of the answer, or of its thoughts, has."""
        self._ending = next((it for it in events if isinstance(it, Ending)), self._ending)
        for event in _joined(events):
            match event:
                case Waiting():
                    await self._waiting.show(event)
                case Piece(is_thought=True):
                    await self._think(event.text)
                case Piece():
                    await self._say(event.text)
                case Rethought():
                    await self._take_back()
                case GeneratedImage():
                    await self._picture(event)
        return any(isinstance(event, Piece | GeneratedImage) for event in events)

    async def _think(self, text: str) -> None:
        await self._waiting.clear()
        if self._thoughts is None:
            self._thoughts = cl.Step(
                name=THOUGHTS.of_session(), type="llm", icon="brain", show_input=False
            )
            await self._thoughts.__aenter__()
        await self._thoughts.stream_token(text)

    async def _say(self, text: str) -> None:
        await self._begin_message()
        await self._message.stream_token(text)

    async def _take_back(self) -> None:
        """Let what was said so far be a thought; the answer gets a message of its own."""
        if not self.text:
            return
        taken_back = self._message
        self._message = cl.Message(content="", metadata=self._metadata("streaming"))
        await taken_back.remove()
        await self._think(str(taken_back.content))

    async def _picture(self, image: GeneratedImage) -> None:
        await self._begin_message()
        await cl.context.emitter.send_step(self._message.to_dict())
        name = f"image-{len(self._message.elements) + 1}"
        name += mimetypes.guess_extension(image.mime) or ""
        shown = cl.Image(name=name, content=image.content, mime=image.mime)
        self._message.elements.append(shown)  # type: ignore[arg-type]
        await shown.send(for_id=self._message.id)

    async def _begin_message(self) -> None:
        await self._waiting.clear()
        await self._end_thoughts()
        if not self._message.created_at:
            # After the thoughts, which a resumed thread shows in the order of creation.
            self._message.created_at = utc_now()

    async def _end_thoughts(self) -> None:
        thoughts, self._thoughts = self._thoughts, None
        if thoughts:
            await thoughts.__aexit__(None, None, None)

    @asynccontextmanager
    async def checkpointing(self) -> AsyncIterator[None]:
        """Store what is shown again and again, as long as this lasts."""
        task = asyncio.create_task(self._checkpoint())
        try:
            yield
        finally:
            task.cancel()

    async def _checkpoint(self) -> None:
        stored = ""
        while True:
            await asyncio.sleep(CHECKPOINT_S)
            growing: Any = self._thoughts or self._message
            step = growing.to_dict()
            if step["output"] != stored:
                stored = step["output"]
                self._layer.checkpoint(step)

    async def finish(self, state: str, refusals: Mapping[str, Sequence[str]] | None = None) -> None:
        """Store what was shown and tell the page that it is all; only the first time counts.

        `refusals` are what is not sent again, as the metadata has it.
        """
        if self._is_finished:
            return
        self._is_finished = True
        await self._waiting.clear()
        await self._end_thoughts()
        if not self.has_begun:
            return
        self._refusals = refusals or {}
        self._message.streaming = False
        self._message.metadata = self._metadata(state)
        step = self._message.to_dict()
        chat_context.add(self._message)
        stored = asyncio.create_task(self._layer.update_step(step))
        await cl.context.emitter.update_step(step)
        await until_stored(asyncio.shield(stored), f"The answer {self._message.id}", ANSWER)

    @property
    def is_cut(self) -> bool:
        """Whether the answer reached the limit on its length."""
        return self._ending.reason == "length"

    @property
    def is_withheld(self) -> bool:
        """Whether the model's provider kept back the answer, or the rest of it."""
        return self._ending.reason == "content_filter"

    def _metadata(self, state: str) -> dict[str, Any]:
        ending = self._ending
        counts = {"input_tokens": ending.input_tokens, "output_tokens": ending.output_tokens}
        usage = {name: count for name, count in counts.items() if count is not None}
        about: dict[str, Any] = {"state": state, "model": self._model, **self._refusals}
        return {**about, "usage": usage} if usage else about


def _joined(events: Iterable[AnswerEvent]) -> Iterator[AnswerEvent]:
    """Yield the same with pieces of a kind put together, and of waits in a row the last alone."""
    for (kind, is_thought), group in groupby(events, _kind):
        if kind is Piece:
            yield Piece("".join(it.text for it in group if isinstance(it, Piece)), is_thought)
        elif kind is Waiting:
            yield list(group)[-1]
        else:
            yield from group


def _kind(event: AnswerEvent) -> tuple[type[AnswerEvent], bool]:
    return type(event), isinstance(event, Piece) and event.is_thought
