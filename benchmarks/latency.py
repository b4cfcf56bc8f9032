"""The latency of a network: a proxy, in a process of its own, that delivers bytes later.

Run as `python -m benchmarks.latency PORT SECONDS` it prints the port that it listens on.
"""

import asyncio
import selectors
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ROUND_TRIP_S = 0.0005  # between two machines of one data centre
_CHUNK_SIZE = 256 * 1024


@contextmanager
def delayed_port(port: int, round_trip_s: float = ROUND_TRIP_S) -> Iterator[int]:
    """Give a port that leads to another on this machine, a round trip takes so much longer."""
    command = [sys.executable, "-m", __name__, str(port), str(round_trip_s / 2)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def _serve(port: int, delay_s: float) -> None:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(
            _forward(reader, upstream[1], delay_s), _forward(upstream[0], writer, delay_s)
        )

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _forward(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, delay_s: float
) -> None:
    """Deliver each chunk some seconds after it came, in order and without waiting for it."""
    loop = asyncio.get_running_loop()
    while chunk := await source.read(_CHUNK_SIZE):
        loop.call_later(delay_s, target.write, chunk)
    loop.call_later(delay_s, target.close)


if __name__ == "__main__":
    # `select` knows microseconds; `epoll`, the loop's own choice, only milliseconds.
    with asyncio.Runner(
        loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
    ) as runner:
        runner.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
