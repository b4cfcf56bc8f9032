"""Adopts tables of Chainlit's DynamoDB layer as a test needs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from chainlit.types import Feedback

from bootstrap.stores import load_adopter
from datalayer.reports import AdoptionReport
from datalayer.stores.dynamodb.store import DynamoStore
from datalayer.stores.factory import open_store
from datalayer.stores.options import StoreOptions
from tests.support.backends import client_of
from tests.support.builders import new_id
from tests.support.chainlits import Conversation
from tests.support.dynamodb.chainlits import ChainlitTable, fill
from tests.support.dynamodb.faults import Faults
from tests.support.servers.dynamodb import ACCESS

MOMENT = "2024-01-01T00:00:00.000001Z"


@asynccontextmanager
async def opened(
    theirs: ChainlitTable,
    faults: Faults | None = None,
    *,
    adopts: bool = False,
    migrates: bool = False,
) -> AsyncIterator[DynamoStore]:
    """A store on the table, as the program opens it."""
    adopter = partial(load_adopter, theirs.url)
    options = StoreOptions(aws=ACCESS, adopts=adopts, migrates=migrates, load_adopter=adopter)
    store = open_store(theirs.url, Path(), options)
    assert isinstance(store, DynamoStore)
    if faults:
        faults.install(client_of(store))
    yield store
    await store.close()


async def adopted(theirs: ChainlitTable, zone: ZoneInfo | None = None) -> AdoptionReport:
    async with opened(theirs) as store:
        report = await store.adopt(zone=zone)
    assert report
    return report


async def fill_oddly(theirs: ChainlitTable) -> list[Conversation]:
    """Conversations, and one of each oddity that an adoption treats in a way of its own."""
    talks = await fill(theirs, "one", "two")
    thread, slack, orphaned = f"THREAD#{talks[0].thread}", "THREAD#C123.456", f"THREAD#{new_id()}"
    theirs.change("USER#alice", "USER", team="blue")
    theirs.put("USER#bob", "USER", id="id-of-bob", identifier="bob", metadata={"n": Decimal(1)})
    theirs.put(slack, "THREAD", id="C123.456", name="Slack", userId="id-of-bob", createdAt=MOMENT)
    theirs.put(slack, "STEP#run-1", type="run", createdAt=MOMENT, feedback={"value": Decimal(0)})
    theirs.put(slack, "STEP#step-1", parentId="run-1", output="Hi")
    theirs.put(slack, "ELEMENT#element-1", forId="step-1", name="x", objectKey="a/b/c")
    theirs.put(orphaned, f"STEP#{new_id()}", output="Kept", createdAt=MOMENT)
    theirs.put(f"THREAD#{new_id()}", "THREAD", name="Carol's", userId="carol", createdAt=MOMENT)
    theirs.put(thread, f"STEP#{talks[1].answer}", output="The same id", createdAt=MOMENT)
    theirs.put(thread, f"STEP#{new_id()}")
    theirs.put(thread, "NOTE#1", text="of another program")
    theirs.change(thread, f"STEP#{talks[0].answer}", feedback={"value": "perhaps"})
    async with theirs.layer() as layer:
        await layer.upsert_feedback(Feedback(forId=new_id(), threadId=talks[0].thread, value=1))
    return talks
