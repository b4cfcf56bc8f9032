"""The scripted model: aimock, which answers over real HTTP what answers/*.json say."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from openai import AsyncOpenAI

from tests.support.needs import find_node
from tests.support.waiting import free_port, until

KEY = "sk-test"
_ANSWERS = Path(__file__).parents[2] / "e2e/answers"
_AIMOCK = Path(__file__).parent / "node_modules/@copilotkit/aimock/dist/cli.js"


class ModelServer:
    """A model that answers as scripted and refuses what is not in the script."""

    def __init__(self, port: int, pid: int = 0) -> None:
        self.pid = pid
        self._client = httpx2.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {KEY}"}
        )
        self.settings = {
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
            "OPENAI_MODEL": "scripted",
        }

    def is_up(self) -> bool:
        """Tell whether it answers."""
        try:
            return self._client.get("/__aimock/health").is_success
        except httpx2.TransportError:
            return False

    def conversations(self, question: str) -> list[list[tuple[str, str]]]:
        """What was sent each time this question was asked: role and text of every message."""
        return [messages for messages in self._talks() if messages[-1] == ("user", question)]

    def _talks(self) -> list[list[tuple[str, str]]]:
        return [
            [(str(message["role"]), str(message["content"])) for message in body["messages"]]
            for body in self._journal()
        ]

    def requests(self, question: str) -> list[dict[str, Any]]:
        """The requests that asked this question."""
        return [body for body in self._journal() if _words(body["messages"][-1]) == question]

    def sent(self, question: str) -> list[list[dict[str, Any]]]:
        """What was sent each time a message began with this question, files and images too."""
        return [
            body["messages"]
            for body in self._journal()
            if _words(body["messages"][-1]).startswith(question)
        ]

    def _journal(self) -> list[dict[str, Any]]:
        entries = self._client.get("/__aimock/journal").raise_for_status().json()
        bodies = [entry["body"] for entry in entries]
        return [body for body in bodies if body and "messages" in body]

    async def answer(self, question: str) -> str:
        """The whole answer, asked for as the program asks for it."""
        async with AsyncOpenAI(api_key=KEY, base_url=self.settings["OPENAI_BASE_URL"]) as client:
            stream = await client.chat.completions.create(
                model="scripted", messages=[{"role": "user", "content": question}], stream=True
            )
            chunks = [chunk async for chunk in stream]
        return "".join(choice.delta.content or "" for c in chunks for choice in c.choices)

    def close(self) -> None:
        """Close the connection to it."""
        self._client.close()


def _words(message: dict[str, Any]) -> str:
    content = message["content"]
    return str(content if isinstance(content, str) else content[0]["text"])


@asynccontextmanager
async def running_model(log: Path) -> AsyncIterator[ModelServer]:
    """Run the scripted model on a free port."""
    port = free_port()
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(find_node(), _aimock(), "-p", str(port), "-f", _ANSWERS, "-l", "10"),
            *("--strict", "--validate-on-load"),
            env={"PATH": os.environ["PATH"], "AIMOCK_API_KEYS": KEY},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
    model = ModelServer(port, process.pid)
    try:
        await until(lambda: process.returncode is not None or model.is_up(), "the scripted model")
        assert process.returncode is None, f"The scripted model did not start; see {log}."
        yield model
    finally:
        model.close()
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _aimock() -> Path:
    assert _AIMOCK.is_file(), "The scripted model is missing: 'make test' installs it."
    return _AIMOCK
