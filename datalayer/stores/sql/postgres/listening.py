"""The board of running answers on PostgreSQL: who waits hears at once that somebody has written."""

import asyncio
import contextvars
import logging
from contextlib import suppress
from typing import Any

import asyncpg

from common.concurrency.retry import RetryPolicy
from datalayer.errors import DataLayerError
from datalayer.stores.sql.answers import CHANNEL, SqlAnswers
from datalayer.stores.sql.database import Database
from datalayer.stores.sql.postgres.connections import LEAVE_S, Address
from datalayer.stores.sql.postgres.errors import connecting, translated

logger = logging.getLogger(__name__)

RETRY = RetryPolicy(first_pause_s=0.5, longest_pause_s=30.0, jitter=0.5)


class PostgresAnswers(SqlAnswers):
    """Listens on a connection of its own, from the first `wait` on and until it is closed.

    Behind PgBouncer nobody can: there `wait` just waits.
    """

    def __init__(self, database: Database, address: Address) -> None:
        super().__init__(database)
        self._address = address
        self._heard = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._is_listening = False

    @property
    def wakes(self) -> bool:
        return self._is_listening

    async def wait(self, seconds: float) -> None:
        if self._listening is None and not self._address.pgbouncer:
            work = self._keep_listening()
            self._listening = asyncio.create_task(work, context=contextvars.Context())
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        self._heard.clear()

    async def close(self) -> None:
        """Listen no more, and close the connection."""
        if self._listening:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _keep_listening(self) -> None:
        failed = 0
        while True:
            try:
                await self._listen()
                failed = 0
            except DataLayerError as exc:
                failed += 1
                if failed == 1:
                    logger.info("What other processes answer is polled for now: %s", exc)
            await asyncio.sleep(RETRY.pause_s(max(failed, 1)))

    async def _listen(self) -> None:
        """Listen until the connection ends."""
        ended = asyncio.Event()
        with translated(), connecting():
            connection = await asyncpg.connect(**self._address.connect)
        try:
            connection.add_termination_listener(lambda _connection: ended.set())
            with translated(), connecting():
                await connection.add_listener(CHANNEL, self._hear)
            self._is_listening = True
            self._heard.set()  # there may have been something before
            await ended.wait()
        finally:
            self._is_listening = False
            with suppress(Exception):  # it is cut off then
                await connection.close(timeout=LEAVE_S)

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: Any) -> None:
        if payload != self.name:
            self._heard.set()
