"""A model behind HTTP: any service that speaks OpenAI's protocol of chat completions."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from openai import AsyncAzureOpenAI, AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from chat.models.base import (
    AnswerInterrupted,
    Ending,
    GenerationSettings,
    Model,
    Piece,
    Variables,
)
from chat.models.stream import StreamParser

CONNECT_TIMEOUT_S = 10
MAX_RETRIES = 2

# OpenAI's own newer models take the second name only, most other servers the first only.
_LIMIT, _OPENAI_LIMIT = "max_tokens", "max_completion_tokens"
_OPENAI_HOSTS = (".openai.com", ".openai.azure.com")
_USAGE_OPTION = "stream_options"


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


class OpenAIModel(Model):
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
        self, messages: Sequence[ChatCompletionMessageParam], generation: GenerationSettings
    ) -> AsyncGenerator[Piece | Ending, None]:
        begun = False
        parser = StreamParser()
        try:
            async with aclosing(self._chunks(messages, generation)) as chunks:
                async for chunk in chunks:
                    for piece in parser.pieces(chunk):
                        begun = True
                        yield piece
        except openai.APIError as exc:
            if begun:
                raise AnswerInterrupted from exc
            raise
        yield parser.ending()

    async def _chunks(
        self, messages: Sequence[ChatCompletionMessageParam], generation: GenerationSettings
    ) -> AsyncGenerator[Any, None]:
        """Yield what the server sends. `openai.APITimeoutError` when it says nothing for too long.

        The client's own time-out begins anew with each of its attempts, and with each sign of life
        that is no word.
        """
        limit_s = self._endpoint.timeout_s
        with self._client_errors():
            async with asyncio.timeout(limit_s + CONNECT_TIMEOUT_S):
                stream = await self._ask(messages, generation)
            async with stream:
                while True:
                    try:
                        async with asyncio.timeout(limit_s):
                            chunk = await anext(stream)
                    except StopAsyncIteration:
                        return
                    yield chunk

    @contextmanager
    def _client_errors(self) -> Iterator[None]:
        """Raise as openai's what it lets through, and `AnswerInterrupted` for what is no text."""
        request = httpx2.Request("POST", self._client.base_url)
        try:
            yield
        except TimeoutError as exc:
            raise openai.APITimeoutError(request) from exc
        except httpx2.RequestError as exc:
            raise openai.APIConnectionError(request=request) from exc
        except (json.JSONDecodeError, UnicodeDecodeError) as exc:
            raise AnswerInterrupted from exc

    async def _ask(
        self, messages: Sequence[ChatCompletionMessageParam], generation: GenerationSettings
    ) -> Any:
        try:
            return await self._create(messages, generation)
        except (openai.BadRequestError, openai.UnprocessableEntityError) as exc:
            # A few servers count tokens unasked and know no such option.
            if not self._tells_usage or _USAGE_OPTION not in str(exc):
                raise
            self._tells_usage = False
            return await self._create(messages, generation)

    async def _create(
        self, messages: Sequence[ChatCompletionMessageParam], generation: GenerationSettings
    ) -> Any:
        limit = min(generation.answer_tokens, self.longest_answer)
        optional: dict[str, Any] = {limit_name(self._endpoint): limit}
        if generation.temperature is not None:
            optional["temperature"] = generation.temperature
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
