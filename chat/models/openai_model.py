"""A model behind HTTP: any service that speaks OpenAI's protocol of chat completions."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2
import openai
from openai import AsyncAzureOpenAI, AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from chat.models.base import (
    AnswerEvent,
    Batch,
    GenerationSettings,
    Model,
    NoChatAPI,
    Piece,
    ServerBusy,
    Variables,
    Waiting,
)
from chat.models.busy import never_connected, wait_for
from chat.models.endpoint import Endpoint
from chat.models.reply import Reply
from chat.models.request_form import RequestForm, after_refusal
from chat.models.silence import with_word_of_silence

CONNECT_TIMEOUT_S = 10
REACH_TIMEOUT_S = 10
TOLD_FROM_S = 2.0  # a shorter wait is over before anybody has read of it

# OpenAI's own newer models take the second name only, most other servers the first only.
_OPENAI_HOSTS = (".openai.com", ".openai.azure.com")
_REFUSALS = (400, 404, 405, 415, 422, 500, 501)  # 500 is what templates that raise become

Messages = Sequence[ChatCompletionMessageParam]


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
        self._is_sure_of_path = endpoint.azure_version is not None or _has_path(endpoint.base_url)
        self._first_form = self._form = first_form(endpoint)

    @property
    def learned(self) -> Sequence[str]:
        return [*self._form.learned(self._first_form), *super().learned]

    async def stream(
        self, messages: Messages, generation: GenerationSettings
    ) -> AsyncGenerator[Batch, None]:
        async with (
            aclosing(self._patient(messages, generation)) as batches,
            aclosing(with_word_of_silence(batches)) as told,
        ):
            async for batch in told:
                yield batch

    async def reach(self) -> None:
        client = self._client.with_options(max_retries=0, timeout=REACH_TIMEOUT_S)
        try:
            await client.models.list()
        except (openai.APIConnectionError, openai.AuthenticationError):
            raise
        except openai.APIError:
            return  # it lists none, and is there

    async def complete(self, messages: Messages, generation: GenerationSettings) -> str:
        events: list[AnswerEvent] = []
        async with aclosing(self._once(messages, generation, streams=False)) as batches:
            async for batch in batches:
                events += batch
        return "".join(it.text for it in events if isinstance(it, Piece) and not it.is_thought)

    async def _patient(
        self, messages: Messages, generation: GenerationSettings
    ) -> AsyncGenerator[Batch, None]:
        """Yield the answer in batches, asking again while the server is busy or loads."""
        number, waited_s = 0, 0.0
        client = self._client
        while True:
            try:
                async with aclosing(self._once(messages, generation, streams=True)) as batches:
                    async for batch in batches:
                        yield batch
                    self._is_sure_of_path = True
            except (openai.NotFoundError, NoChatAPI):
                if self._is_sure_of_path or client is not self._client:
                    self._client = client
                    raise
                self._client = client.with_options(base_url=f"{self._endpoint.base_url}/v1")
                continue
            except openai.APIError as exc:
                number += 1
                waiting = self._wait_for(exc, number, waited_s)
            else:
                return
            seconds = waiting.seconds or 0
            waited_s += seconds
            if seconds >= TOLD_FROM_S:
                yield [waiting]
            await asyncio.sleep(seconds)

    def _wait_for(self, error: openai.APIError, number: int, waited_s: float) -> Waiting:
        """Return what to wait for. Raises the error, or `ServerBusy` for too long a wait."""
        waiting = wait_for(error, number, datetime.now(UTC))
        if waiting is None or waiting.seconds is None:
            raise error
        is_loading = waiting.reason == "loading"
        limit_s = self._endpoint.load_timeout_s if is_loading else self._endpoint.wait_s
        if waited_s + waiting.seconds > limit_s:
            raise ServerBusy(waiting.seconds) from error
        return waiting

    async def _once(
        self, messages: Messages, generation: GenerationSettings, *, streams: bool
    ) -> AsyncGenerator[Batch, None]:
        limit_s = self._endpoint.load_timeout_s
        with self._client_errors():
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(limit_s + CONNECT_TIMEOUT_S):
                    response = await self._ask(stack, messages, generation, streams=streams)
                silent_s = self._endpoint.timeout_s
                reply = Reply(response, begins_within_s=limit_s, silent_s=silent_s)
                async with aclosing(reply.batches()) as batches:
                    async for batch in batches:
                        yield batch

    @contextmanager
    def _client_errors(self) -> Iterator[None]:
        """Raise as openai's what it lets through or takes for something else."""
        request = httpx2.Request("POST", self._client.base_url)
        try:
            yield
        except TimeoutError as exc:
            raise openai.APITimeoutError(request) from exc
        except httpx2.RequestError as exc:
            raise openai.APIConnectionError(request=request) from exc
        except openai.APITimeoutError as exc:
            if never_connected(exc):
                raise openai.APIConnectionError(request=request) from exc
            raise

    async def _ask(
        self,
        stack: AsyncExitStack,
        messages: Messages,
        generation: GenerationSettings,
        *,
        streams: bool,
    ) -> httpx2.Response:
        """Return the reply, asking in another form where the server says what it cannot take."""
        limit = min(generation.answer_tokens, self.longest_answer)
        form = self._form
        while True:
            body = form.body(
                cast(Sequence[dict[str, Any]], messages),
                limit=limit,
                temperature=generation.temperature,
                streams=streams,
            )
            try:
                response = await self._send(stack, body)
            except openai.APIStatusError as exc:
                other = after_refusal(form, body, exc.message)
                if exc.status_code not in _REFUSALS or other is None:
                    raise
                form = other
            else:
                self._form = form
                return response

    async def _send(self, stack: AsyncExitStack, body: dict[str, Any]) -> httpx2.Response:
        create = self._client.chat.completions.with_streaming_response.create
        response = await stack.enter_async_context(
            # The client would look through all messages for what it has to rename: there is none.
            create(
                model=self._endpoint.model,
                messages=[],
                extra_body={**self._endpoint.extra_body, **body},
            )
        )
        return response.http_response

    async def start(self) -> None:
        """Need nothing: the client connects when it is asked."""

    async def close(self) -> None:
        await self._client.close()


def _client(endpoint: Endpoint) -> AsyncOpenAI:
    longest_s = max(endpoint.timeout_s, endpoint.load_timeout_s)
    timeout = openai.Timeout(longest_s, connect=CONNECT_TIMEOUT_S)
    # aiohttp's takes half of the time of the other, and hands over all that has arrived at once.
    http_client = openai.DefaultAioHttpClient(timeout=timeout)
    if endpoint.azure_version:
        return AsyncAzureOpenAI(
            azure_endpoint=endpoint.base_url or "",
            api_version=endpoint.azure_version,
            api_key=endpoint.api_key,
            http_client=http_client,
            timeout=timeout,
            max_retries=0,
        )
    return AsyncOpenAI(
        api_key=endpoint.api_key,
        base_url=endpoint.base_url,
        http_client=http_client,
        timeout=timeout,
        max_retries=0,
    )


def _has_path(url: str | None) -> bool:
    """Tell whether an address says where on its server the API is; OpenAI's own does."""
    return url is None or urlsplit(url).path.strip("/") != ""


def first_form(endpoint: Endpoint) -> RequestForm:
    """Return the form in which a server is asked first."""
    host = urlsplit(endpoint.base_url or "").hostname or "api.openai.com"
    is_openai = endpoint.azure_version is not None or host.endswith(_OPENAI_HOSTS)
    return RequestForm().openais() if is_openai else RequestForm()
