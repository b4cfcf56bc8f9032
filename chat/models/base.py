"""The model: streaming chat completions of any service that speaks OpenAI's protocol."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from openai import AsyncAzureOpenAI, AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

CONNECT_TIMEOUT_S = 10
MAX_RETRIES = 2

# OpenAI's own newer models take the second name only, most other servers the first only.
_LIMIT, _OPENAI_LIMIT = "max_tokens", "max_completion_tokens"
_OPENAI_HOSTS = (".openai.com", ".openai.azure.com")
_USAGE_OPTION = "stream_options"


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
class Manner:
    """How to answer: what a user may choose for a conversation."""

    system_prompt: str = ""
    answer_tokens: int = 4_000
    temperature: float | None = None
    """None for the model's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where a model is. Tokens are the model's own; times are seconds."""

    model: str
    api_key: str
    base_url: str | None = None
    azure_version: str | None = None
    """The API version where `base_url` is an Azure OpenAI resource and `model` a deployment."""
    context_tokens: int = 16_000
    timeout_s: float = 60.0
    extra_body: Mapping[str, Any] = field(default_factory=dict)


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
        self, messages: Sequence[ChatCompletionMessageParam], manner: Manner
    ) -> AsyncGenerator[Piece | Ending, None]:
        """Yield the answer piece by piece and at last its ending.

        Raises openai's errors, and `AnswerInterrupted` when the stream ends too early. Closing
        the iterator ends the request.
        """

    @abstractmethod
    async def start(self) -> None:
        """Begin to load what answering needs; `stream` waits for it where it is not ready."""

    @abstractmethod
    async def close(self) -> None:
        """Close every connection that was opened."""


class RemoteModel(Model):
    """A model behind an HTTP endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.name = endpoint.model
        self.context_tokens = endpoint.context_tokens
        self.longest_answer = endpoint.context_tokens // 2
        if endpoint.azure_version:
            self.variables = Variables("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT")
        self._client = _client(endpoint)
        self._tells_usage = True

    async def stream(
        self, messages: Sequence[ChatCompletionMessageParam], manner: Manner
    ) -> AsyncGenerator[Piece | Ending, None]:
        begun = False
        progress = _Progress()
        try:
            async with aclosing(self._chunks(messages, manner)) as chunks:
                async for chunk in chunks:
                    for piece in progress.pieces(chunk):
                        begun = True
                        yield piece
        except (TimeoutError, json.JSONDecodeError, httpx2.TransportError, openai.APIError) as exc:
            if begun or isinstance(exc, json.JSONDecodeError):
                raise AnswerInterrupted from exc
            raise
        yield progress.ending()

    async def _chunks(
        self, messages: Sequence[ChatCompletionMessageParam], manner: Manner
    ) -> AsyncGenerator[Any, None]:
        """Yield what the server sends. `TimeoutError` when it says nothing for too long.

        The client's own time-out begins anew with each of its attempts, and with each sign of life
        that is no word.
        """
        limit_s = self._endpoint.timeout_s
        async with asyncio.timeout(limit_s + CONNECT_TIMEOUT_S):
            stream = await self._ask(messages, manner)
        async with stream:
            while True:
                try:
                    async with asyncio.timeout(limit_s):
                        chunk = await anext(stream)
                except StopAsyncIteration:
                    return
                yield chunk

    async def _ask(self, messages: Sequence[ChatCompletionMessageParam], manner: Manner) -> Any:
        try:
            return await self._create(messages, manner)
        except (openai.BadRequestError, openai.UnprocessableEntityError) as exc:
            # A few servers count tokens unasked and know no such option.
            if not self._tells_usage or _USAGE_OPTION not in str(exc):
                raise
            self._tells_usage = False
            return await self._create(messages, manner)

    async def _create(self, messages: Sequence[ChatCompletionMessageParam], manner: Manner) -> Any:
        limit = min(manner.answer_tokens, self.longest_answer)
        optional: dict[str, Any] = {limit_name(self._endpoint): limit}
        if manner.temperature is not None:
            optional["temperature"] = manner.temperature
        if self._tells_usage:
            optional[_USAGE_OPTION] = {"include_usage": True}
        return await self._client.chat.completions.create(
            model=self._endpoint.model,
            messages=list(messages),
            stream=True,
            extra_body=dict(self._endpoint.extra_body) or None,
            **optional,
        )

    async def start(self) -> None:
        """Need nothing: the client connects when it is asked."""

    async def close(self) -> None:
        await self._client.close()


@dataclass(slots=True)
class _Progress:
    """What the chunks of an answer have said so far."""

    reason: str | None = None
    usage: Any = None

    def pieces(self, chunk: Any) -> Iterator[Piece]:
        self.usage = getattr(chunk, "usage", None) or self.usage
        for choice in chunk.choices or ():  # some servers say null for none
            self.reason = choice.finish_reason or self.reason
            if thought := _thought(choice.delta):
                yield Piece(thought, is_thought=True)
            if content := getattr(choice.delta, "content", None):
                yield Piece(content)

    def ending(self) -> Ending:
        if self.reason is None:
            raise AnswerInterrupted
        return Ending(
            reason=self.reason,
            input_tokens=getattr(self.usage, "prompt_tokens", None),
            output_tokens=getattr(self.usage, "completion_tokens", None),
        )


def _thought(delta: Any) -> str:
    # Not OpenAI's own: the first is DeepSeek's name for it, the second that of most others.
    for name in ("reasoning_content", "reasoning"):
        if isinstance(text := getattr(delta, name, None), str):
            return text
    return ""


def _client(endpoint: Endpoint) -> AsyncOpenAI:
    timeout = openai.Timeout(endpoint.timeout_s, connect=CONNECT_TIMEOUT_S)
    if endpoint.azure_version:
        return AsyncAzureOpenAI(
            azure_endpoint=endpoint.base_url or "",
            api_version=endpoint.azure_version,
            api_key=endpoint.api_key,
            timeout=timeout,
            max_retries=MAX_RETRIES,
        )
    return AsyncOpenAI(
        api_key=endpoint.api_key,
        base_url=endpoint.base_url,
        timeout=timeout,
        max_retries=MAX_RETRIES,
    )


def limit_name(endpoint: Endpoint) -> str:
    """Return what a server calls the limit on an answer's length."""
    host = urlsplit(endpoint.base_url or "").hostname or "api.openai.com"
    is_openai = endpoint.azure_version is not None or host.endswith(_OPENAI_HOSTS)
    return _OPENAI_LIMIT if is_openai else _LIMIT
