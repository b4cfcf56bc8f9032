"""An agent of Pydantic AI in the place of a model: it calls tools until it can answer."""

from collections.abc import AsyncGenerator, Sequence
from datetime import date
from typing import Any

import openai
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import (
    FunctionToolCallEvent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    UserContent,
    UserPromptPart,
)
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.settings import ModelSettings

from chat.models.base import (
    AnswerInterrupted,
    Batch,
    Ending,
    GenerationSettings,
    Model,
    Piece,
)
from chat.models.endpoint import Endpoint

Messages = Sequence[ChatCompletionMessageParam]


def days_between(first: date, last: date) -> int:
    """Return the number of days from the first date to the last."""
    return (last - first).days


class AgentModel(Model):
    """Answers as any model does; what it looks up on the way is shown as its reasoning."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = f"{endpoint.model} with tools"
        self.context_tokens = endpoint.context_tokens
        self.longest_answer = endpoint.context_tokens // 2
        self._client = AsyncOpenAI(api_key=endpoint.api_key, base_url=endpoint.base_url)
        provider = OpenAIProvider(openai_client=self._client)
        self._agent = Agent(OpenAIChatModel(endpoint.model, provider=provider))
        self._agent.tool_plain(days_between)

    async def stream(
        self, messages: Messages, generation: GenerationSettings
    ) -> AsyncGenerator[Batch, None]:
        """See Model."""
        has_begun = False
        try:
            async with self._agent.run_stream_events(**_asked(messages, generation)) as events:
                async for event in events:
                    if piece := _piece(event):
                        has_begun = True
                        yield [piece]
                usage = events.usage
        except (ModelAPIError, openai.APIError) as exc:
            if has_begun:
                raise AnswerInterrupted(str(exc)) from exc
            raise _cause(exc) from exc
        yield [Ending("stop", usage.input_tokens, usage.output_tokens)]

    async def complete(self, messages: Messages, generation: GenerationSettings) -> str:
        """See Model."""
        try:
            return str((await self._agent.run(**_asked(messages, generation))).output)
        except ModelAPIError as exc:
            raise _cause(exc) from exc

    async def start(self) -> None:
        """See Model; there is nothing to load."""

    async def close(self) -> None:
        """See Model."""
        await self._client.close()


def _asked(messages: Messages, generation: GenerationSettings) -> dict[str, Any]:
    """Return what an agent is run with: the question, what came before it, and how to answer."""
    *before, last = (it for it in messages if it["role"] != "system")
    instructions = [str(it.get("content")) for it in messages if it["role"] == "system"]
    settings = ModelSettings(max_tokens=generation.answer_tokens)
    if generation.temperature is not None:
        settings["temperature"] = generation.temperature
    return {
        "user_prompt": _content(last),
        "message_history": [_message(it) for it in before],
        "instructions": instructions,
        "model_settings": settings,
    }


def _message(message: ChatCompletionMessageParam) -> ModelMessage:
    if message["role"] == "assistant":
        return ModelResponse(parts=[TextPart(str(message.get("content")))])
    return ModelRequest(parts=[UserPromptPart(_content(message))])


def _content(message: ChatCompletionMessageParam) -> list[UserContent]:
    """Return a question's text and images."""
    content: Any = message.get("content")
    if isinstance(content, str):
        return [content]
    return [
        it["text"] if it["type"] == "text" else ImageUrl(it["image_url"]["url"]) for it in content
    ]


def _piece(event: object) -> Piece | None:
    """Return what is shown of an event: words of the answer, or which tool is called."""
    match event:
        case FunctionToolCallEvent(part=call):
            return Piece(f"{call.tool_name}({call.args_as_json_str()})\n\n", is_thought=True)
        case PartStartEvent(part=TextPart(content=text)) if text:
            return Piece(text)
        case PartDeltaEvent(delta=TextPartDelta(content_delta=text)) if text:
            return Piece(text)
    return None


def _cause(exc: Exception) -> Exception:
    """Return the client's own error, which Keepchat has a sentence for."""
    return exc.__cause__ if isinstance(exc.__cause__, openai.APIError) else exc
