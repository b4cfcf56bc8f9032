"""The model: streaming chat completions of any service that speaks OpenAI's protocol."""

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

CONNECT_TIMEOUT_S = 10


# OpenAI's own newer models take the second name only, most other servers the first only.
_LIMIT, _OPENAI_LIMIT = "max_tokens", "max_completion_tokens"
_OPENAI_HOSTS = (".openai.com", ".openai.azure.com")


class AnswerInterrupted(Exception):
    """The stream ended before the model said that the answer is complete."""


class EmptyAnswer(Exception):
    """The model ended its answer without a word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where a model is and how it is asked. Tokens are the model's own; times are seconds."""

    model: str
    api_key: str
    base_url: str | None = None
    context_tokens: int = 16_000
    answer_tokens: int = 4_000
    temperature: float | None = None
    timeout_s: float = 60.0
    extra_body: Mapping[str, Any] = field(default_factory=dict)


class Model(ABC):
    """Answers a conversation."""

    context_tokens: int
    """How much of the conversation it can take in, its answer included."""
    answer_tokens: int
    """How long an answer may be."""
    sees_images: bool = True
    """Whether images may be sent to it; a server that cannot take them refuses them itself."""

    @abstractmethod
    def stream(self, messages: Sequence[ChatCompletionMessageParam]) -> AsyncGenerator[str, None]:
        """Yield the answer piece by piece.

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
        self.context_tokens = endpoint.context_tokens
        self.answer_tokens = endpoint.answer_tokens
        self._client = AsyncOpenAI(
            api_key=endpoint.api_key,
            base_url=endpoint.base_url,
            timeout=openai.Timeout(endpoint.timeout_s, connect=CONNECT_TIMEOUT_S),
            max_retries=2,
        )

    async def stream(
        self, messages: Sequence[ChatCompletionMessageParam]
    ) -> AsyncGenerator[str, None]:
        complete = begun = False
        try:
            async with await self._ask(messages) as chunks:
                async for chunk in chunks:
                    for choice in chunk.choices:
                        complete = complete or choice.finish_reason is not None
                        if choice.delta.content:
                            begun = True
                            yield choice.delta.content
        except (json.JSONDecodeError, httpx2.TransportError, openai.APIConnectionError) as exc:
            if begun or isinstance(exc, json.JSONDecodeError):
                raise AnswerInterrupted from exc
            raise
        if not complete:
            raise AnswerInterrupted

    async def _ask(self, messages: Sequence[ChatCompletionMessageParam]) -> Any:
        optional: dict[str, Any] = {limit_name(self._endpoint.base_url): self.answer_tokens}
        if self._endpoint.temperature is not None:
            optional["temperature"] = self._endpoint.temperature
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


def limit_name(base_url: str | None) -> str:
    """Return what a server calls the limit on an answer's length."""
    host = urlsplit(base_url or "").hostname or "api.openai.com"
    return _OPENAI_LIMIT if host.endswith(_OPENAI_HOSTS) else _LIMIT
