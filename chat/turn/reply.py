"""The answer as it grows: shown piece by piece, stored on the way and at its end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from operator import attrgetter
from typing import Any

import chainlit as cl
from chainlit.chat_context import chat_context
from chainlit.utils import utc_now

from chat.models.base import Ending, Piece
from chat.turn.durability import until_stored
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
        self._thoughts: cl.Step | None = None
        self._message = cl.Message(content="", metadata=self._metadata("streaming"))

    @property
    def text(self) -> str:
        """What has been shown of the answer."""
        return str(self._message.content)

    async def show(self, pieces: Sequence[Piece | Ending]) -> None:
        """Show what has arrived."""
        self._ending = next((it for it in pieces if isinstance(it, Ending)), self._ending)
        texts = [piece for piece in pieces if isinstance(piece, Piece)]
        for is_thought, group in groupby(texts, attrgetter("is_thought")):
            text = "".join(piece.text for piece in group)
            await (self._think(text) if is_thought else self._say(text))

    async def _think(self, text: str) -> None:
        if self._thoughts is None:
            self._thoughts = cl.Step(
                name=THOUGHTS.of_session(), type="llm", icon="brain", show_input=False
            )
            await self._thoughts.__aenter__()
        await self._thoughts.stream_token(text)

    async def _say(self, text: str) -> None:
        await self._end_thoughts()
        if not self._message.created_at:
            # After the thoughts, which a resumed thread shows in the order of creation.
            self._message.created_at = utc_now()
        await self._message.stream_token(text)

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

    async def finish(self, state: str) -> None:
        """Store what was shown and tell the page that it is all; only the first time counts."""
        if self._is_finished:
            return
        self._is_finished = True
        await self._end_thoughts()
        if not self._message.content:
            return
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
        return {"state": state, "model": self._model, **({"usage": usage} if usage else {})}
