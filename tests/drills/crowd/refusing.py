"""A database that takes all but one person's questions, and what a program makes of that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from datalayer.pipeline.journal.dead_letters import DeadLetters
from datalayer.writes import SaveStep
from tests.drills.crowd.model import question
from tests.support.journals import files
from tests.support.page.application import Application
from tests.support.servers.postgres import Postgres

_REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'planned'; END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON steps
    FOR EACH ROW WHEN (NEW.output LIKE '{name} %') EXECUTE FUNCTION refuse();
"""


@asynccontextmanager
async def refusing(server: Postgres, database: str, name: str) -> AsyncIterator[None]:
    """Let a trigger refuse what somebody asks.

    The event loop goes on meanwhile: what holds the table's lock may need a proxy in it.
    """
    await asyncio.to_thread(server.run, _REFUSE.format(name=name), database=database)
    yield
    await asyncio.to_thread(server.run, "DROP FUNCTION refuse() CASCADE", database=database)


def asks_in_journal(program: Application, name: str) -> bool:
    """Whether a question of somebody's is accepted and not stored."""
    beginning = f'"output":"{question(name, 0).split(" 0 ")[0]} '.encode()
    return any(beginning in it.read_bytes() for it in files(program.data / "journal"))


def dead_letters(program: Application) -> list[str]:
    """What is said in the messages that no database took."""
    letters = DeadLetters(program.data / "dead_letters")
    writes = [letters.read(it).read_write() for it in letters.ids()]
    return [str(it.fields["output"]) if isinstance(it, SaveStep) else str(it) for it in writes]
