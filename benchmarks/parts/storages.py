"""A large file to a storage and back, beside Chainlit's own clients on the same servers."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.report import Part, Table
from benchmarks.timing import Sample
from benchmarks.transfer import TransferJob, TransferResult
from tests.support.servers.azurite import Azurite, running_azurite
from tests.support.servers.seaweedfs import BUCKET, KEY, SECRET, SeaweedFS, running_seaweedfs

MB = 1_000_000
SIZE = 500 * MB
ROUNDS = 3
GROWTH_MB = 32
OURS, THEIRS = "Keepchat", "Chainlit's client"
DIRECTIONS = ("up", "down")
_CHUNK_SIZE = 16 * MB


async def storages() -> Part:
    """Measure one file up and down over S3 and Azure, each transfer in a process of its own."""
    part = Part(
        f"A file of {SIZE // MB} MB to a storage and back",
        "SeaweedFS and Azurite on this machine, which they share with the client. Medians of "
        f"{ROUNDS} rounds, in which the two take turns; memory is the most by which the process "
        "grew over what it was when it was warm. Chainlit's clients take the file as bytes in "
        "memory and cannot read: what they stored is fetched by the link that they give, and "
        "the one for Azure is told of Azurite by exchanging what it had made for itself.",
    )
    table = Table(("service", "direction", "client", "MB/s", "memory", "to ours"))
    with tempfile.TemporaryDirectory() as folder, _servers() as servers:
        path = await asyncio.to_thread(_file, Path(folder))
        for service, server in servers.items():
            rounds = [await asyncio.to_thread(_round, server, path) for _ in range(ROUNDS)]
            for direction in DIRECTIONS:
                _add_rows(part, table, service, direction, [each[direction] for each in rounds])
    part.tables.append(table)
    return part


Round = dict[str, dict[str, TransferResult]]
Servers = dict[str, SeaweedFS | Azurite]


@contextmanager
def _servers() -> Iterator[Servers]:
    with running_seaweedfs() as seaweedfs, running_azurite() as azurite:
        yield {"S3": seaweedfs, "Azure": azurite}


def _file(folder: Path) -> Path:
    path = folder / "large.bin"
    with path.open("wb") as file:
        for _ in range(0, SIZE, _CHUNK_SIZE):
            file.write(os.urandom(min(_CHUNK_SIZE, SIZE - file.tell())))
    return path


def _round(server: SeaweedFS | Azurite, path: Path) -> Round:
    return {
        direction: {
            name: _transfer(_job(server, path, ours=name == OURS, up=direction == "up"))
            for name in (OURS, THEIRS)
        }
        for direction in DIRECTIONS
    }


def _job(server: SeaweedFS | Azurite, path: Path, *, ours: bool, up: bool) -> TransferJob:
    key = "ours" if ours else "theirs"
    if isinstance(server, SeaweedFS):
        keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}
        url = f"s3://{BUCKET}?endpoint_url={server.endpoint}"
        return TransferJob(ours, up, "s3", key, str(path), url, keys)
    keys = {"azure_connection_string": server.connection_string}
    url = "azure://benchmark" + ("?create=true" if ours else "")
    return TransferJob(ours, up, "azure", key, str(path), url, keys)


def _transfer(job: TransferJob) -> TransferResult:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.transfer"],
        input=json.dumps(asdict(job)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return TransferResult(**json.loads(done.stdout.splitlines()[-1]))


def _add_rows(
    part: Part, table: Table, service: str, direction: str, rounds: list[dict[str, TransferResult]]
) -> None:
    samples = {
        name: Sample(tuple(each[name].seconds for each in rounds)) for name in (OURS, THEIRS)
    }
    for name, sample in samples.items():
        growth = max(each[name].growth for each in rounds) / MB
        speed = f"{SIZE / MB / sample.median:,.0f}"
        ratio = f"{sample.median / samples[OURS].median:.2f}x"
        table.rows.append((f"{service}", direction, name, speed, f"+{growth:,.0f} MB", ratio))
        if name == OURS:
            what = f"{service}, {SIZE // MB} MB {direction}: memory grows"
            goal = f"less than {GROWTH_MB} MB"
            part.check(what, goal, f"{growth:.0f} MB", growth < GROWTH_MB)
