"""A real SeaweedFS for the tests: an S3 service that is strict about signatures."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from storage.credentials import Credentials
from tests.support.needs import find_seaweedfs
from tests.support.servers.child import ChildServer
from tests.support.waiting import is_free, random_ports

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KEY = "keepchat-test"
SECRET = "s3cret/+with=odd&characters"
BUCKET = "keepchat"
CREDENTIALS = Credentials(aws_access_key_id=KEY, aws_secret_access_key=SECRET)
READER = Credentials(aws_access_key_id="reader", aws_secret_access_key="reads-only")
_GRPC = 10_000  # each port has a second one, so much higher
_OFF = (
    *("-webdav=false", "-admin.ui=false", "-master.telemetry=false", "-s3.autoCreateBucket=false"),
    *("-s3.port.iceberg=0", "-s3.port.lance=0"),
)


class SeaweedFS(ChildServer):
    """The server, with one bucket, `BUCKET`. `client` looks into it.

    It also answers to names below `domain`, where one resolves them to the loopback address.
    """

    domain = "localhost"

    def __init__(self) -> None:
        super().__init__("seaweedfs")
        self.port, *self._ports = free_ports(5)
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.client: S3Client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(connect_timeout=1, retries={"total_max_attempts": 1}),
        )

    def start(self) -> None:
        """Start it, and make its bucket."""
        identities = [
            _identity("app", CREDENTIALS, "Admin", "Read", "List", "Tagging", "Write"),
            _identity("reader", READER, "Read", "List"),
        ]
        config = self._folder / "identities.json"
        config.write_text(json.dumps({"identities": identities}), encoding="utf-8")
        parts = ("master", "volume", "filer", "admin")
        ports = [f"-{part}.port={port}" for part, port in zip(parts, self._ports, strict=True)]
        command = [
            *(str(find_seaweedfs()), "mini", f"-dir={self._folder / 'data'}", *_OFF),
            *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.config={config}", *ports),
            *(f"-s3.port={self.port}", f"-s3.domainName={self.domain}"),
        ]
        (self._folder / "data").mkdir()
        self.run(command, is_ready=self._keeps_objects)

    def _keeps_objects(self) -> bool:
        try:
            self.client.create_bucket(Bucket=BUCKET)
        except (BotoCoreError, ClientError):
            return False
        return True

    def remove(self) -> None:
        """Kill it and remove what it kept."""
        self.client.close()
        super().remove()

    def url(self, prefix: str, *, bucket: str = BUCKET, **options: str) -> str:
        """The STORAGE_URL of a prefix in its bucket."""
        joined = "".join(f"&{name}={value}" for name, value in options.items())
        return f"s3://{bucket}/{prefix}?endpoint_url={self.endpoint}{joined}"

    def unfinished(self, prefix: str = "") -> list[str]:
        """The keys of the multipart uploads that nobody has completed or aborted."""
        listed = self.client.list_multipart_uploads(Bucket=BUCKET)
        keys = [upload["Key"] for upload in listed.get("Uploads", [])]
        return [key for key in keys if key.startswith(prefix)]


def _identity(name: str, who: Credentials, *actions: str) -> dict[str, object]:
    keys = {"accessKey": who.aws_access_key_id, "secretKey": who.aws_secret_access_key}
    return {"name": name, "credentials": [keys], "actions": actions}


def free_ports(count: int) -> list[int]:
    """Ports that are free with their second ones."""
    free = (port for port in random_ports() if is_free(port) and is_free(port + _GRPC))
    return list(itertools.islice(free, count))


@contextmanager
def running_seaweedfs() -> Iterator[SeaweedFS]:
    """Run a server."""
    server = SeaweedFS()
    try:
        server.start()
        yield server
    finally:
        server.remove()
