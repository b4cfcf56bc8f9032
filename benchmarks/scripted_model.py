"""A model in a process of its own: each answer is so many tokens, one after each interval.

It reads no more of a request than it has to, since it shares the machine with what is measured.
"""

import asyncio
import json
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

TOKENS = 100
INTERVAL_S = 0.02
WHOLE_S = TOKENS * INTERVAL_S

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n"


def _event(value: object) -> bytes:
    data = b"data: %s\n\n" % (value if isinstance(value, bytes) else json.dumps(value).encode())
    return b"%x\r\n%s\r\n" % (len(data), data)


def _chunk(reason: str | None = None, **delta: str) -> dict[str, object]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    about = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**about, "choices": [choice]}


_TOKENS = [_event(_chunk(content=f"word{number} ")) for number in range(TOKENS)]
_END = _event(_chunk("stop")) + _event(b"[DONE]") + b"0\r\n\r\n"
_TITLE = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Capital of France"},
                "finish_reason": "stop",
            }
        ],
    }
).encode()


async def _serve(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        while True:
            await _answer(await _body(reader), writer)
    except (ConnectionError, asyncio.IncompleteReadError):
        writer.close()


async def _body(reader: StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    return await reader.readexactly(int(length or b"0"))


async def _answer(body: bytes, writer: StreamWriter) -> None:
    if b'"stream":true' not in body.replace(b" ", b""):
        writer.write(_HEAD % (b"application/json", b"Content-Length: %d\r\n" % len(_TITLE)))
        writer.write(_TITLE)
        return
    loop = asyncio.get_running_loop()
    writer.write(_HEAD % (b"text/event-stream", b"Transfer-Encoding: chunked\r\n"))
    due = loop.time()
    for token in _TOKENS:
        due += INTERVAL_S
        await asyncio.sleep(due - loop.time())
        writer.write(token)
        await writer.drain()
    writer.write(_END)


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, backlog=1_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@asynccontextmanager
async def running_scripted_model() -> AsyncIterator[dict[str, str]]:
    """Run it, and give the settings of a program that asks it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.scripted_model"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    port = int(await process.stdout.readline())
    try:
        yield {
            "OPENAI_API_KEY": "sk-scripted",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
            "OPENAI_MODEL": "scripted",
        }
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(_main())
