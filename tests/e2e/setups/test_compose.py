"""The parts of docker-compose.yml, started by hand with the environment that Compose gives them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from playwright.async_api import expect

from deploy import compose_env
from tests.e2e.conftest import OpenChat, StartApplication
from tests.support import compose
from tests.support.needs import find_seaweedfs
from tests.support.page import samples
from tests.support.servers.model import ModelServer
from tests.support.servers.postgres import USER, Postgres, running_postgres
from tests.support.servers.seaweedfs import free_ports
from tests.support.waiting import until

PICTURE = "colours.png"
READ = "I keep what you sent, and I say that I have read it."


async def test_the_parts_of_the_compose_file_work_together(
    start_application: StartApplication,
    open_chat: OpenChat,
    model: ModelServer,
    tmp_path: Path,
) -> None:
    variables = secrets(tmp_path)
    services = compose.resolved(variables)["services"]
    made = services["db"]["environment"]
    with database(made) as server, s3(services["s3"], tmp_path) as port:
        environment = {
            name: value.replace("@db:5432", f"@127.0.0.1:{server.port}").replace(
                "//s3:8333", f"//127.0.0.1:{port}"
            )
            for name, value in services["app"]["environment"].items()
            # What is not set goes through from .env; the data is in a volume there.
            if value is not None and name != "DATA_DIR"
        }
        app = await start_application(settings={**model.settings, **environment})
        # What `make compose-env` runs in the container.
        account = ("user", "add", compose_env.ACCOUNT, "--password-stdin")
        await app.manage(*account, typed="once shown")
        (tmp_path / PICTURE).write_bytes(samples.png())
        chat = await open_chat(app, sign_in=(compose_env.ACCOUNT, "once shown"))
        await chat.attach(tmp_path / PICTURE)
        await chat.ask("Look at all three: what is on it?")
        await chat.answered(READ)
        thread_id = await chat.thread_id()

        bucket = boto3.resource(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id=variables["S3_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["S3_SECRET_ACCESS_KEY"],
        ).Bucket("keepchat")
        [stored] = await until(lambda: list(bucket.objects.all()), "the picture in the bucket")
        assert stored.key.startswith(f"{thread_id}/")
        assert stored.get()["Body"].read() == samples.png()
        found = server.query("SELECT count(*) FROM threads", database=made["POSTGRES_DB"])
        [(count,)] = found
        assert count == 1
        assert not list(app.data.glob("*.db"))
        await app.manage("doctor")
        assert await asyncio.to_thread(is_healthy, app.port)

        await app.restart()
        again = await open_chat(
            app, f"/thread/{thread_id}", sign_in=(compose_env.ACCOUNT, "once shown")
        )
        await expect(again.answers).to_have_text(READ)
        await again.picture_is_shown(PICTURE)
        await app.stop()


def is_healthy(port: int) -> bool:
    """Whether the health check of the image says so."""
    environment = {**os.environ, "CHAINLIT_PORT": str(port)}
    command = [sys.executable, "deploy/healthy.py"]
    return subprocess.run(command, cwd=compose.ROOT, env=environment, check=False).returncode == 0


def secrets(folder: Path) -> dict[str, str]:
    compose_env.write_env(folder / ".env")
    return compose.variables_of((folder / ".env").read_text())


@contextmanager
def database(given: Mapping[str, str]) -> Iterator[Postgres]:
    """A server with the database and the user that the image of PostgreSQL makes of it."""
    name, password = given["POSTGRES_DB"], given["POSTGRES_PASSWORD"]
    assert given["POSTGRES_USER"] == USER  # the server's own
    with running_postgres() as server:
        server.query(f'CREATE DATABASE "{name}"')
        server.query("SELECT 1", database=name)  # what looks into it later is connected by now
        server.query(f"ALTER ROLE {USER} PASSWORD '{password}'")
        yield server


@contextmanager
def s3(service: Mapping[str, Any], folder: Path) -> Iterator[int]:
    """SeaweedFS with the options and the environment of the file, but for ports and addresses."""
    port, *others = free_ports(5)
    replaced = {"-dir": str(folder / "s3"), "-ip": "127.0.0.1", "-ip.bind": "127.0.0.1"}
    command, *given = service["command"]
    options = dict(option.split("=", 1) for option in given) | replaced | {"-s3.port": str(port)}
    parts = ("master", "volume", "filer", "admin")
    options |= {f"-{part}.port": str(number) for part, number in zip(parts, others, strict=True)}
    (folder / "s3").mkdir()
    with (folder / "s3.log").open("wb") as log:
        process = subprocess.Popen(
            [find_seaweedfs(), command, *(f"{name}={value}" for name, value in options.items())],
            cwd=folder,
            env={"PATH": os.environ["PATH"], **service["environment"]},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield port
    finally:
        process.kill()
        process.wait()
