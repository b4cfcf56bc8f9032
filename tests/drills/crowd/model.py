"""A model whose answers say what was asked."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tests.support.servers.model import KEY
from tests.support.servers.replies import (
    Body,
    RepliesServer,
    Reply,
    delta,
    events,
    last_question,
    running_replies,
)

WORDS = 40


_ASKED = re.compile(r"\S+ \d+ ü")


def question(name: str, number: int) -> str:
    """What somebody asks: something else each time."""
    return f"{name} {number} ü"


def answer_to(asked: str) -> str:
    """What is answered: different for each question."""
    return "".join(_words(asked))


def _words(asked: str) -> list[str]:
    return [f"{number} to {asked} " for number in range(WORDS)]


def told(body: Body) -> Reply:
    """The answer, word by word."""
    found = _ASKED.search(last_question(body))  # beside what is said of files
    words = _words(found[0] if found else "")
    return events(*(delta(content=word) for word in words), delta("stop"))


@asynccontextmanager
async def running_model(answer_s: float) -> AsyncIterator[RepliesServer]:
    """Run the model's server; it takes some seconds for an answer."""

    async def speak(_number: int) -> None:
        await asyncio.sleep(answer_s / WORDS)

    async with running_replies() as server:
        server.is_strict = False  # after a kill a question may stand without an answer
        server.choose = told
        server.between = speak
        yield server


def settings_of(server: RepliesServer) -> Mapping[str, str]:
    """What leads a program to it."""
    return {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "OPENAI_MODEL": "scripted",
    }
