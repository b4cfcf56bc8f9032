"""The client of a model's server, over real HTTP."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai
import pytest

from chat.models.base import AnswerInterrupted, Ending, GenerationSettings, Piece
from chat.models.openai_model import Endpoint, OpenAIModel

Chunk = dict[str, Any]
DONE: Chunk = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
USAGE: Chunk = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}}


class Scripted(ThreadingHTTPServer):
    """Answers each request with the next of its replies, and keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: list[tuple[int, list[Chunk] | bytes]] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.hush = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, body))
        status, chunks = self.server.replies.pop(0)
        if not chunks:
            self._say_nothing()
            return
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream" if status == 200 else "text/json")
        if isinstance(chunks, bytes):
            self._break_off(chunks)
            return
        text = json.dumps(chunks[0]) if status != 200 else _events(chunks)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def _break_off(self, beginning: bytes) -> None:
        self.send_header("Content-Length", str(len(beginning) + 10))
        self.end_headers()
        self.wfile.write(beginning)
        self.close_connection = True

    def _say_nothing(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        while not self.server.hush.wait(0.05):
            try:
                self.wfile.write(b": still here\n\n")
            except OSError:
                return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


def _events(chunks: Sequence[Chunk]) -> str:
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


def delta(**fields: str) -> Chunk:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    thread = threading.Thread(target=scripted.serve_forever, args=(0.02,))
    thread.start()
    yield scripted
    scripted.hush.set()
    scripted.shutdown()
    thread.join()
    scripted.server_close()


async def answer(
    server: Scripted,
    *replies: tuple[int, list[Chunk] | bytes],
    generation: GenerationSettings | None = None,
    **more: Any,
) -> list[Piece | Ending]:
    server.replies = list(replies)
    given = {"base_url": f"{server.url}/v1", **more}
    model = OpenAIModel(Endpoint(model="m", api_key="k", context_tokens=1_000, **given))
    stream = model.stream([{"role": "user", "content": "x"}], generation or GenerationSettings())
    try:
        async with aclosing(stream) as pieces:
            return [piece async for piece in pieces]
    finally:
        await model.close()


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_thoughts_and_words_are_told_apart_and_tokens_are_counted(
    server: Scripted, name: str
) -> None:
    chunks = [delta(**{name: "hm"}), delta(content="a"), delta(content="b"), DONE, USAGE]
    assert await answer(server, (200, chunks)) == [
        Piece("hm", is_thought=True),
        Piece("a"),
        Piece("b"),
        Ending(input_tokens=3, output_tokens=5),
    ]
    [(_, body)] = server.requests
    assert body["stream_options"] == {"include_usage": True}


async def test_the_generation_settings_go_along(server: Scripted) -> None:
    generation = GenerationSettings(answer_tokens=70, temperature=0.25)
    await answer(server, (200, [DONE]), generation=generation)
    await answer(server, (200, [DONE]), generation=GenerationSettings(answer_tokens=9_000))
    (_, chosen), (_, longest) = server.requests
    assert (chosen["max_tokens"], chosen["temperature"]) == (70, 0.25)
    assert longest["max_tokens"] == 500, "at most half of the context"
    assert "temperature" not in longest


async def test_an_answer_at_its_limit_says_so(server: Scripted) -> None:
    cut = {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
    assert await answer(server, (200, [delta(content="a"), cut])) == [
        Piece("a"),
        Ending("length"),
    ]


async def test_an_answer_that_is_held_back_says_so(server: Scripted) -> None:
    held = {"choices": [{"index": 0, "delta": {}, "finish_reason": "content_filter"}]}
    assert await answer(server, (200, [held])) == [Ending("content_filter")]


async def test_null_for_no_choices_and_no_delta_is_taken(server: Scripted) -> None:
    nothing: Chunk = {"choices": None, "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
    empty: Chunk = {"choices": [{"index": 0, "delta": None, "finish_reason": None}]}
    found = await answer(server, (200, [delta(content="a"), empty, DONE, nothing]))
    assert found == [Piece("a"), Ending(input_tokens=1, output_tokens=2)]


async def test_an_error_within_the_stream(server: Scripted) -> None:
    error: Chunk = {"error": {"message": "rate limit reached", "code": "rate_limit_exceeded"}}
    with pytest.raises(openai.APIError, match="rate limit"):
        await answer(server, (200, [error]))
    with pytest.raises(AnswerInterrupted):
        await answer(server, (200, [delta(content="a"), error]))


async def test_a_server_that_only_keeps_the_line_open_is_late(server: Scripted) -> None:
    with pytest.raises(openai.APITimeoutError):
        await answer(server, (200, []), timeout_s=0.3)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 400])
async def test_a_line_that_breaks_before_the_first_word_is_a_connection_error(
    server: Scripted, status: int
) -> None:
    with pytest.raises(openai.APIConnectionError):
        await answer(server, (status, b'{"error": {"mess'))


async def test_a_line_that_breaks_later_interrupts_the_answer(server: Scripted) -> None:
    beginning = f"data: {json.dumps(delta(content='a'))}\n\n".encode()
    with pytest.raises(AnswerInterrupted):
        await answer(server, (200, beginning))


@pytest.mark.parametrize("nonsense", [b"data: <html>\n\n", b'data: {"choices": "\xff"}\n\n'])
async def test_what_is_no_event_stream_interrupts_the_answer(
    server: Scripted, nonsense: bytes
) -> None:
    with pytest.raises(AnswerInterrupted):
        await answer(server, (200, nonsense))


async def test_a_stream_without_an_end_is_interrupted(server: Scripted) -> None:
    with pytest.raises(AnswerInterrupted):
        await answer(server, (200, [delta(content="a")]))


async def test_a_server_that_does_not_count_on_demand_is_asked_without(server: Scripted) -> None:
    refusal: Chunk = {"error": {"message": "Extra inputs are not permitted: stream_options"}}
    found = await answer(server, (422, [refusal]), (200, [delta(content="a"), DONE]))
    assert found == [Piece("a"), Ending()]
    assert ["stream_options" in body for _, body in server.requests] == [True, False]


async def test_another_refusal_is_raised(server: Scripted) -> None:
    with pytest.raises(openai.BadRequestError, match="no such thing"):
        await answer(server, (400, [{"error": {"message": "no such thing"}}]))
    assert len(server.requests) == 1


async def test_azure_is_asked_at_the_deployments_address(server: Scripted) -> None:
    await answer(server, (200, [DONE]), base_url=server.url, azure_version="2024-10-21")
    [(path, _)] = server.requests
    assert path == "/openai/deployments/m/chat/completions?api-version=2024-10-21"
