"""The contract of a model: what it is asked, what it yields, what may go wrong."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from openai.types.chat import ChatCompletionMessageParam


class AnswerInterrupted(Exception):
    """The stream ended before the model said that the answer is complete."""


class AnswerWithheld(Exception):
    """The model's provider let nothing of the answer through."""


class EmptyAnswer(Exception):
    """The model ended its answer without a word."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the answer, or of what the model thought before it."""

    text: str
    is_thought: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended, and what it cost where the server tells."""

    reason: str = "stop"
    """As the protocol calls it: `length` for one cut at its limit, `content_filter` ..."""
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Variables:
    """The names of the settings that say where a model is."""

    key: str = "OPENAI_API_KEY"
    url: str = "OPENAI_BASE_URL"


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerationSettings:
    """How to answer: what a user may choose for a conversation."""

    system_prompt: str = ""
    answer_tokens: int = 4_000
    temperature: float | None = None
    """None for the model's own."""


class Model(ABC):
    """Answers a conversation."""

    name: str
    context_tokens: int
    """How much of the conversation it can take in, its answer included."""
    longest_answer: int
    """How long an answer may be at most, in tokens."""
    names_threads: bool = True
    """Whether it is good enough to be asked for a conversation's title."""
    variables: Variables = Variables()
    """The settings that name its server, for who has to mend them."""
    sees_images: bool = True
    """Whether images may be sent to it; a server that cannot take them refuses them itself."""

    @abstractmethod
    def stream(
        self, messages: Sequence[ChatCompletionMessageParam], generation: GenerationSettings
    ) -> AsyncGenerator[Piece | Ending, None]:
        """Yield the answer piece by piece and at last its ending.

        Before the first piece it raises `openai.APIError` for a server that refuses, fails or does
        not answer; after it `AnswerInterrupted` for whatever keeps the answer from its end, also
        where the server sends what is no event stream. A model that is loaded by this process
        raises, too, what keeps it from being loaded. Closing the iterator ends the request.
        """

    @abstractmethod
    async def start(self) -> None:
        """Begin to load what answering needs; `stream` waits for it where it is not ready."""

    @abstractmethod
    async def close(self) -> None:
        """Close every connection that was opened."""
