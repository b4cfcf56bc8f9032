"""How fast a database of Chainlit's layer is adopted: `python -m benchmarks.parts.adoption`.

100,000 steps in 5,000 threads on PostgreSQL, in the schema that Chainlit documents today.
"""

import asyncio
import resource
import time

from datalayer.stores.sql.postgres.store import PostgresStore
from tests.support.chainlits import ddl
from tests.support.servers.postgres import running_postgres

STEPS = 100_000
_FILL = f"""
INSERT INTO users VALUES (gen_random_uuid(), 'alice', '{{}}', '2024-01-01T00:00:00Z');
INSERT INTO threads (id, "createdAt", name, "userId", "userIdentifier", metadata)
    SELECT gen_random_uuid(), '2024-01-01T00:00:00Z', 'A thread', id, 'alice', '{{"a": 1}}'
    FROM users, generate_series(1, {STEPS // 20});
INSERT INTO steps (id, name, type, "threadId", streaming, metadata, input, output, "createdAt",
        start, "end", generation, "showInput")
    SELECT gen_random_uuid(), 'x', 'assistant_message', id, false, '{{"k": [1]}}', '',
        repeat('The quick brown fox jumps over the lazy dog. ', 10), '2024-01-01T00:00:00Z',
        '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', '{{}}', 'false'
    FROM threads, generate_series(1, 20);
"""  # noqa: S608 - a constant


async def main() -> None:
    """Measure the plan and the adoption."""
    with running_postgres() as server, server.database("adoption") as name:
        server.run(ddl("B", "postgres") + _FILL, database=name)
        store = PostgresStore(server.url(name))
        for what, dry_run in (("plan", True), ("adoption", False)):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            began, busy = time.perf_counter(), time.process_time()
            await store.adopt(dry_run=dry_run)
            seconds = time.perf_counter() - began
            busy = time.process_time() - busy
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
            print(f"{what}: {seconds:.1f} s ({busy:.1f} s of it ours), {grown:.0f} MB more memory,")
            print(f"  {STEPS / seconds:,.0f} steps/s")
        await store.close()


if __name__ == "__main__":
    asyncio.run(main())
