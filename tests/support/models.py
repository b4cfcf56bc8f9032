"""A model that says what a test tells it to."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from openai.types.chat import ChatCompletionMessageParam

from chat.models.base import AnswerEvent, Batch, Ending, GenerationSettings, Model, Piece

Step = AnswerEvent | Exception | asyncio.Event
Script = Sequence[Step]
Messages = Sequence[ChatCompletionMessageParam]


class FakeModel(Model):
    """Plays the next of its scripts for each question; without one it gives a short answer.

    A script holds what is yielded, what is raised, and events that are waited for.
    """

    name = "fake"
    context_tokens = 4_000
    longest_answer = 1_000

    def __init__(self, *scripts: Script, title: Callable[[], str] = lambda: "A title") -> None:
        self.scripts = list(scripts)
        self.asked: list[list[Any]] = []
        """The messages of each request."""
        self.titles_asked: list[list[Any]] = []
        self.ended = 0
        """How many requests were ended, by the model or by who asked."""
        self._title = title

    async def stream(
        self, messages: Messages, generation: GenerationSettings
    ) -> AsyncGenerator[Batch, None]:
        self.asked.append(list(messages))
        script: Script = self.scripts.pop(0) if self.scripts else [Piece("yes"), Ending()]
        try:
            for step in script:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield [step]
        finally:
            self.ended += 1

    async def complete(self, messages: Messages, generation: GenerationSettings) -> str:
        self.titles_asked.append(list(messages))
        return self._title()

    async def start(self) -> None:
        """Need nothing."""

    async def close(self) -> None:
        """Have nothing."""
