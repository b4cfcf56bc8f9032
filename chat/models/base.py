"""The contract of a model: what it is asked, what it yields, what may go wrong."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal

from openai.types.chat import ChatCompletionMessageParam


class AnswerInterrupted(Exception):
    """The answer ended before the model said that it is complete.

    The message is what the server said of the reason; empty where it said nothing.
    """


class AnswerWithheld(Exception):
    """The model's provider let nothing of the answer through."""


class EmptyAnswer(Exception):
    """The model ended its answer without a word."""


class NoChatAPI(Exception):
    """What answers at the address speaks no protocol of ours; the message says what came."""


class ServerBusy(Exception):
    """The server asks to come back later than anybody would wait for."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The server asks to be left alone for {seconds:.0f} s.")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the answer, or of what the model thought before it."""

    text: str
    is_thought: bool = False


@dataclass(frozen=True, slots=True)
class Rethought:
    """All that was said of the answer up to here was a thought: its server hid where it began."""


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """An image that the model made; `content` holds its bytes."""

    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """The answer has not begun: the server is asked again, or has not said anything yet.

    Yielded before the first piece only, and once for each wait.
    """

    reason: Literal["busy", "loading", "slow"]
    """It has too much to do, it loads the model, or it is silent and one cannot know why."""
    seconds: float | None = None
    """How long until it is asked again; None where that depends on the server."""


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


AnswerEvent = Waiting | Piece | Rethought | GeneratedImage | Ending
Batch = Sequence[AnswerEvent]


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
    """Whether images may be sent to it, as far as is known."""

    def learn_blind(self) -> None:
        """Remember that its server refuses images as such."""
        self.sees_images = False

    @property
    def learned(self) -> Sequence[str]:
        """What its server turned out not to take, in sentences without a subject."""
        return [] if self.sees_images else ["takes no images"]

    @abstractmethod
    def stream(
        self, messages: Sequence[ChatCompletionMessageParam], generation: GenerationSettings
    ) -> AsyncGenerator[Batch, None]:
        """Yield what is waited for, the answer, and at last its ending.

        A batch is never empty, and has what has arrived since the last one was asked for.
        `messages` are instructions, if any, and then questions and answers by turns; what the
        server does not take of them is put in another way. A server that is busy or loads its model
        is asked again within limits. Before the first piece it raises `openai.APIError` for a
        server that refuses, fails or does not answer, `ServerBusy` and `NoChatAPI`; after it
        `AnswerInterrupted` for whatever keeps the answer from its end. A model that is loaded by
        this process raises, too, what keeps it from being loaded. Closing the iterator ends the
        request.
        """

    @abstractmethod
    async def complete(
        self, messages: Sequence[ChatCompletionMessageParam], generation: GenerationSettings
    ) -> str:
        """Return an answer as one text, without thoughts; asked once, without streaming.

        Raises as `stream` does, and when the server is busy.
        """

    @abstractmethod
    async def start(self) -> None:
        """Begin to load what answering needs; `stream` waits for it where it is not ready."""

    async def reach(self) -> None:  # noqa: B027 - for who has a server
        """Ask its server something that costs nothing; a model without one is always reached.

        Raises `openai.APIConnectionError` for a server that cannot be reached, and
        `openai.AuthenticationError` for one that refuses the key.
        """

    @abstractmethod
    async def close(self) -> None:
        """Close every connection that was opened."""
