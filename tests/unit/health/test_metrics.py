"""Who may read the metrics, and what is in them."""

import asyncio
import re
from collections.abc import Coroutine, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from bootstrap.parts import open_parts
from common.recorder import Recorder
from datalayer.errors import JournalUnusable
from datalayer.pipeline import backlog as backlog_module
from datalayer.pipeline.journal.journal import MEBI, Journal, Receipt
from datalayer.pipeline.writer import Writer
from datalayer.writes import Write
from routes.health.lag import LoopLag
from routes.health.meters import Meters
from routes.health.metrics import Readers, metrics_router
from routes.health.probe import Probe
from settings import ROOT, Settings
from tests.support.away import AwayStore
from tests.support.builders import new_id, step
from tests.support.waiting import until

TOKEN = "s" * 20
NOWHERE = "http://127.0.0.1:9/v1"
NEAR = Readers([ip_network("10.0.3.0/24"), ip_network("::1/128")])


def client(readers: Readers, address: str = "203.0.113.9") -> TestClient:
    app = FastAPI()
    app.include_router(metrics_router(readers, Meters(), "/chat"))
    return TestClient(app, client=(address, 50000))


def status(readers: Readers, address: str = "203.0.113.9", **headers: str) -> int:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client(readers, address).get("/chat/metrics", headers=sent).status_code


def test_without_a_setting_there_are_none() -> None:
    assert status(Readers()) == 404
    assert status(Readers(), authorization="Bearer ") == 404


@pytest.mark.parametrize("sent", ["", f"Bearer {TOKEN}x", f"Bearer {TOKEN[1:]}", TOKEN, "Bearer"])
def test_another_token_is_refused(sent: str) -> None:
    assert status(Readers(token=TOKEN), authorization=sent) == 403


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_the_token_opens(scheme: str) -> None:
    assert status(Readers(token=TOKEN), authorization=f"{scheme} {TOKEN}") == 200


def test_their_head_can_be_asked_for_as_well() -> None:
    asked = client(Readers(token=TOKEN))
    assert asked.head("/chat/metrics").status_code == 403
    reply = asked.head("/chat/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain")


def test_no_token_is_no_token() -> None:
    assert status(NEAR, authorization="Bearer ") == 403


@pytest.mark.parametrize("address", ["10.0.3.7", "::ffff:10.0.3.7", "::1"])
def test_an_address_opens(address: str) -> None:
    assert status(NEAR, address) == 200


@pytest.mark.parametrize("address", ["10.0.4.7", "::2", "nowhere"])
def test_another_address_does_not(address: str) -> None:
    assert status(NEAR, address) == 403


@pytest.mark.parametrize(
    "name",
    [
        "x_forwarded_for",
        "x_forwarded_proto",
        "X_Forwarded_Host",
        "x_original_forwarded_for",
        "x_real_ip",
        "x_client_ip",
        "x_cluster_client_ip",
        "cf_connecting_ip",
        "true_client_ip",
        "fastly_client_ip",
        "x_azure_clientip",
        "x_envoy_external_address",
        "forwarded",
        "via",
    ],
)
def test_what_a_proxy_passes_on_comes_from_no_address(name: str) -> None:
    assert status(NEAR, "10.0.3.7", **{name: "10.0.3.7"}) == 403


def test_they_are_in_the_form_that_prometheus_reads() -> None:
    answer = client(NEAR, "10.0.3.7").get("/chat/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(answer.text))
    assert all(family.documentation.endswith(".") for family in families)
    for family in families:
        assert re.fullmatch(r"(keepchat|process)_[a-z_]+", family.name)
        assert family.type != "unknown"
    assert "_created" not in answer.text


def test_each_program_counts_for_itself() -> None:
    one, other = Meters(), Meters()
    one.error("x")
    assert values(asyncio.run(one.exposition())) != values(asyncio.run(other.exposition()))


def test_every_event_that_rooms_tell_is_counted() -> None:
    told = {name for name in vars(Recorder) if not name.startswith("_")}
    assert told <= vars(Meters).keys()


def values(exposition: bytes) -> dict[str, float]:
    """The samples by name and labels."""
    return {
        f"{sample.name} {sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(exposition.decode())
        for sample in family.samples
    }


async def counted(meters: Meters, name: str) -> Any:
    """The value of a sample without labels, or the values of all of its labels."""
    found = {}
    for family in text_string_to_metric_families((await meters.exposition()).decode()):
        for sample in family.samples:
            if sample.name == name:
                found[tuple(sample.labels.values())] = sample.value
    return found.get((), found)


class NoticingMeters(Meters):
    """Tells when a batch was tried in vain."""

    def __init__(self) -> None:
        super().__init__()
        self.retried = asyncio.Event()

    def batch_retried(self) -> None:
        super().batch_retried()
        self.retried.set()


async def test_writes_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    meters, store = NoticingMeters(), AwayStore()
    writer = Writer(store, recorder=meters)
    write = step(new_id(), owner="anna", output="x")
    await writer.submit(write)
    await writer.submit(write)
    store.impossible.add(bad := new_id())
    with pytest.raises(Exception, match="can never be held"):
        await writer.submit(step(bad, owner="anna", output="x"))
    await writer.close()
    store.is_away = True
    journal = Journal(tmp_path / "journal", most_bytes=MEBI)
    writer = Writer(store, journal=journal, journal_after_s=0, recorder=meters)
    await writer.submit(step(new_id(), owner="anna", output="y"))
    await meters.retried.wait()
    assert await counted(meters, "keepchat_batch_retries_total") >= 1
    store.is_away = False
    await writer.drain()
    await writer.close()
    assert await counted(meters, "keepchat_writes_total") == {
        ("SaveStep", "applied"): 2,
        ("SaveStep", "repeated"): 1,
        ("SaveStep", "rejected"): 1,
    }
    assert await counted(meters, "keepchat_journal_accepted_writes_total") == 1
    assert await counted(meters, "keepchat_batch_size_writes_sum") == 3
    assert await counted(meters, "keepchat_batch_duration_seconds_count") == 3


async def test_what_is_kept_nowhere_is_counted_while_it_can_be_heard_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each write once, however often it is tried again, and again when it is stored after all."""
    monkeypatch.setattr(backlog_module, "AGAIN_S", 0.001)
    attempts = list[int]()
    append = Journal.append

    def noting(journal: Journal, writes: Sequence[Write]) -> Coroutine[Any, Any, list[Receipt]]:
        attempts.append(1)
        return append(journal, writes)

    monkeypatch.setattr(Journal, "append", noting)
    meters, store = Meters(), AwayStore()
    journal = Journal(tmp_path / "journal", most_bytes=1)
    writer = Writer(store, journal=journal, journal_after_s=0, recorder=meters)
    store.is_away = True
    with pytest.raises(JournalUnusable):
        await writer.submit(step(new_id(), owner="anna", output="x"))
    with pytest.raises(JournalUnusable):
        writer.submit(step(new_id(), owner="anna", output="y"))
    await until(lambda: len(attempts) > 2, "more attempts")
    unkept = {("SaveStep", "unkept"): 2}
    assert await counted(meters, "keepchat_writes_total") == unkept
    store.is_away = False
    await writer.drain()
    await writer.close()
    assert await counted(meters, "keepchat_writes_total") == {**unkept, ("SaveStep", "applied"): 1}


async def test_a_disk_that_does_not_answer_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Probe.failure, "__defaults__", (0,))
    meters, asked, answers = Meters(), list[int](), asyncio.Event()

    async def count() -> int:
        asked.append(1)
        await answers.wait()
        return 7

    meters.count_dead_letters = count
    for _ in range(3):
        assert await counted(meters, "keepchat_dead_letters") == 0
    assert len(asked) == 1
    answers.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await counted(meters, "keepchat_dead_letters") == 7
    await meters.close()


@pytest.mark.slow
async def test_a_loop_that_is_held_up_is_late() -> None:
    seen: asyncio.Queue[float] = asyncio.Queue()
    lag = LoopLag(seen.put_nowait)
    lag.start()
    assert await seen.get() >= 0
    await lag.close()


def test_the_documentation_has_them_all(tmp_path: Path) -> None:
    given = {"data_dir": tmp_path, "openai_base_url": NOWHERE, "openai_model": "scripted"}
    settings = Settings.model_validate(given)
    parts = open_parts(settings, host="127.0.0.1", prefix="")
    text = asyncio.run(parts.meters.exposition()).decode()
    told = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP")}
    page = (ROOT / "docs" / "operations.md").read_text()
    assert set(re.findall(r"^\| `((?:keepchat|process)_\w+)` \|", page, re.MULTILINE)) == told
    for name in re.findall(r"(?:keepchat|process)_\w+", page):
        assert name.removesuffix("_bucket") in told
