"""What the chunks of an answer say, in OpenAI's protocol and what others make of it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chat.models.base import AnswerInterrupted, Ending, Piece

# Not OpenAI's own: the first is DeepSeek's name for it, the second that of most others.
_THOUGHTS = ("reasoning_content", "reasoning")


@dataclass(slots=True)
class StreamParser:
    """Makes pieces of chunks, and knows at the end how the answer ended."""

    _reason: str | None = None
    _usage: Any = None

    def pieces(self, chunk: Any) -> Iterator[Piece]:
        """Yield what is to be shown of a `ChatCompletionChunk`."""
        self._usage = getattr(chunk, "usage", None) or self._usage
        for choice in chunk.choices or ():  # some servers say null for none
            self._reason = choice.finish_reason or self._reason
            if thought := _thought(choice.delta):
                yield Piece(thought, is_thought=True)
            if content := getattr(choice.delta, "content", None):
                yield Piece(content)

    def ending(self) -> Ending:
        """Return how the answer ended. Raises `AnswerInterrupted` when no chunk said so."""
        if self._reason is None:
            raise AnswerInterrupted
        return Ending(
            reason=self._reason,
            input_tokens=getattr(self._usage, "prompt_tokens", None),
            output_tokens=getattr(self._usage, "completion_tokens", None),
        )


def _thought(delta: Any) -> str:
    for name in _THOUGHTS:
        if isinstance(text := getattr(delta, name, None), str):
            return text
    return ""
