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

from chat.live.thread import current_turn
from chat.models.base import AnswerEvent, Ending, GeneratedImage, Piece, Rethought, Waiting
from chat.models.tokens import estimate_tokens
from chat.turn.durability import until_stored
from chat.turn.seam import Seam
from chat.turn.usage import INPUT, OUTPUT, summed, usage_of
from chat.turn.waiting import WaitingLine
from chat.wording.endings import State
from chat.wording.language import Localized
from chat.wording.unavailable import ANSWER
from common.recorder import Recorder
from datalayer.errors import JournalUnusable
from datalayer.layer import KeepchatDataLayer

CHECKPOINT_S = 1.0  # what is shown is stored at least this often
WATCHED_S = 0.25  # the same where another process shows it: it reads what is stored
RENEWED = 2  # after so many checkpoints without news it is stored all the same: it is being written
THOUGHTS = Localized(en="Reasoning", zh="思考过程")
JOINED = ", "  # the models of one answer


_ENDINGS: Mapping[str, State] = {"length": "cut", "content_filter": "withheld"}


class Reply:
    """One answer of a model, with what it thought before."""

    def __init__(
        self, layer: KeepchatDataLayer, model: str, former: cl.Message | None = None
    ) -> None:
        """`former` is the answer that is gone on with, where there is one: it is the message."""
        self._layer = layer
        self._model = model
        self._former = former
        self._former_text = str(former.content) if former else ""
        self._former_images = len(former.elements) if former else 0
        self._former_metadata: Mapping[str, Any] = dict((former and former.metadata) or {})
        self._ending = Ending()
        self._is_finished = False
        self._state: State = "interrupted"  # how it ended, in the end
        self._usage: Mapping[str, Any] = {}  # of what is new in it
        self._waiting = WaitingLine()
        self._thoughts: cl.Step | None = None
        self._thought_tokens = 0
        self._refusals: Mapping[str, Sequence[str]] = {}
        self._message: cl.Message = former or cl.Message("", metadata=self._about("streaming"))
        self._seam = Seam(self._former_text)

    @property
    def text(self) -> str:
        """What has been shown of the answer, but for its images."""
        return str(self._message.content)

    @property
    def has_begun(self) -> bool:
        """Whether anything of the answer has been shown, of what is new in it."""
        has_image = len(self._message.elements) > self._former_images
        return has_image or self.text != self._former_text

    @property
    def has_nothing_to_add(self) -> bool:
        """Whether the model says that what is there is whole."""
        return self._former is not None and self._ended("done") == "done"

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
                case Ending():
                    await self._append(self._seam.end())
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
        await self._append(self._seam.feed(text))

    async def _append(self, text: str) -> None:
        if text:
            await self._begin_message()
            await self._message.stream_token(text)

    async def _take_back(self) -> None:
        """Let what was said so far be a thought; the answer gets a message of its own."""
        said = self.text[len(self._former_text) :] + self._seam.held
        self._seam = Seam(self._former_text)
        if not said:
            return
        if self._former:
            await self._put_back()
        else:
            taken_back = self._message
            self._message = cl.Message("", metadata=self._about("streaming"))
            await taken_back.remove()
        await self._think(said)

    async def _put_back(self) -> None:
        """Let the answer be as it was before it was gone on with."""
        self._message.content = self._former_text
        self._message.metadata = dict(self._former_metadata)
        self._message.streaming = False
        step = self._message.to_dict()
        self._store(step)
        await cl.context.emitter.update_step(step)

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
        self._message.metadata = self._about("streaming")

    async def _end_thoughts(self) -> None:
        thoughts, self._thoughts = self._thoughts, None
        if thoughts:
            self._thought_tokens += estimate_tokens(thoughts.output)
            await thoughts.__aexit__(None, None, None)
            self._store(thoughts.to_dict())  # Chainlit's own write is not held where it fails

    @asynccontextmanager
    async def checkpointing(self) -> AsyncIterator[None]:
        """Store what is shown again and again, as long as this lasts."""
        task = asyncio.create_task(self._checkpoint())
        try:
            yield
        finally:
            task.cancel()

    async def _checkpoint(self) -> None:
        stored, unchanged, ticks = self._former_text, 0, 0
        while True:
            await asyncio.sleep(_interval_s())
            ticks += 1
            if self._thoughts and self.has_begun and ticks % RENEWED == 0:
                self._store(self._growing())
            step: Any = (self._thoughts or self._message).to_dict()
            unchanged = unchanged + 1 if step["output"] == stored else 0
            is_message = step["id"] == self._message.id
            if not unchanged or (is_message and self.has_begun and unchanged % RENEWED == 0):
                stored = step["output"]
                self._store(self._growing() if is_message else step)

    def _store(self, step: Any) -> None:
        try:
            self._layer.checkpoint(step)
        except JournalUnusable:  # it is in the log
            self._layer.store_when_possible(step)

    def _growing(self) -> Any:
        """Return the answer as it is stored while it is written."""
        step = self._message.to_dict()
        step["metadata"] = self._metadata("streaming")
        return step

    async def finish(
        self, state: State, refusals: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """Store what was shown and tell the page that it is all; only the first time counts.

        What was told of the ending says more than `done`. `refusals` are what is not sent again, as
        the metadata has it. An answer that was gone on with in vain stays as it was.
        """
        if self._is_finished:
            return
        self._is_finished = True
        self._state = self._ended(state)
        await self._waiting.clear()
        await self._end_thoughts()
        if not self.has_begun and not (state == "done" and self.has_nothing_to_add):
            return
        self._refusals = refusals or {}
        self._message.streaming = False
        self._message.metadata = self._metadata(self._state)
        step = self._message.to_dict()
        chat_context.add(self._message)
        stored = asyncio.create_task(self._save(step))
        await cl.context.emitter.update_step(step)
        await until_stored(asyncio.shield(stored), f"The answer {self._message.id}", ANSWER)

    async def _save(self, step: Any) -> None:
        try:
            await self._layer.update_step(step)
        except JournalUnusable:
            self._layer.store_when_possible(step)
            raise

    def tell(self, recorder: Recorder) -> None:
        """Let a recorder know how the answer ended, and what of it is new has cost."""
        usage = self._usage
        recorder.answer_ended(self._model, self._state, usage.get(INPUT), usage.get(OUTPUT))

    def _ended(self, state: State) -> State:
        return _ENDINGS.get(self._ending.reason, state) if state == "done" else state

    @property
    def is_withheld(self) -> bool:
        """Whether the model's provider kept back the answer, or the rest of it."""
        return self._ended("done") == "withheld"

    def _about(self, state: State) -> dict[str, Any]:
        about = {"state": state, "model": self._models}
        return {**self._former_metadata, **about, **self._refusals}

    @property
    def _models(self) -> str:
        """The model that writes it, after those that wrote what it goes on with."""
        former = str(self._former_metadata.get("model") or "")
        names = [*filter(None, former.split(JOINED)), self._model]
        return JOINED.join(dict.fromkeys(names))

    def _metadata(self, state: State) -> dict[str, Any]:
        new = self.text[len(self._former_text) :]
        self._usage = usage_of(self._ending, self._thought_tokens + estimate_tokens(new))
        usage = summed(self._former_metadata.get("usage"), self._usage)
        return {**self._about(state), "usage": usage}


def _interval_s() -> float:
    turn = current_turn()
    return WATCHED_S if turn and turn.is_watched_elsewhere else CHECKPOINT_S


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
