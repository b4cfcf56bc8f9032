"""Azurite, Microsoft's emulator of Azure Blob Storage, started on a free port and stopped again.

It refuses wrong keys, expired and tampered links as the service does. What it does not have:
deletes in batches, the Data Lake (dfs) endpoint, and a check of the requests' date. With a
certificate it speaks https and takes tokens of Entra ID, of which it checks issuer, audience and
times, not the signature; it gives user delegation keys and takes the links signed with them.
"""

import asyncio
import base64
import json
import os
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from azure.core.credentials import AccessToken
from azure.storage.blob.aio import BlobServiceClient

from tests.support.needs import find_node
from tests.support.servers.child import ChildServer
from tests.support.waiting import free_port

ACCOUNT = "keepchat"
PROGRAM = Path(__file__).parent / "node_modules/azurite/dist/src/blob/main.js"
NO_AZURITE = "The tests need Azurite: 'make test' installs it."
_TENANT = "00000000-0000-0000-0000-000000000001"
_SOMEBODY = "00000000-0000-0000-0000-000000000002"


class Azurite(ChildServer):
    """The server. It has one account, whose key is made anew for each."""

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__("azurite")
        self.port = free_port()
        self.key = base64.b64encode(secrets.token_bytes(64)).decode()
        self.certificate = certificate

    @property
    def account_url(self) -> str:
        """Where the account is, in the form of Azurite: the account is in the path."""
        return self.account_url_at(self.port)

    def account_url_at(self, port: int) -> str:
        """The same behind another port, such as that of a proxy."""
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{port}/{ACCOUNT}"

    @property
    def connection_string(self) -> str:
        """The connection string of the account."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={self.key};"
            f"BlobEndpoint={self.account_url};"
        )

    def client(self) -> BlobServiceClient:
        """A client of the SDK that sees everything; whoever asks for it closes it."""
        credential: Any = {"account_name": ACCOUNT, "account_key": self.key}
        verify = str(self.certificate) if self.certificate else True
        return BlobServiceClient(self.account_url, credential, connection_verify=verify)

    @asynccontextmanager
    async def container(self) -> AsyncIterator[str]:
        """Give a new container, and remove it afterwards."""
        name = f"test-{uuid.uuid4()}"
        async with self.client() as client:
            await client.create_container(name)
            yield name
            await client.delete_container(name)

    def start(self) -> None:
        """Start it, on the same port as before; what it kept is gone."""
        assert PROGRAM.is_file(), NO_AZURITE
        command = [
            *(str(find_node()), str(PROGRAM), "--blobHost", "127.0.0.1"),
            *("--blobPort", str(self.port), "--inMemoryPersistence", "--silent"),
            *("--disableTelemetry", "--skipApiVersionCheck", "--extentMemoryLimit", "4096"),
        ]
        if self.certificate:
            key = self.certificate.with_suffix(".key")
            command += ["--oauth", "basic", "--cert", str(self.certificate), "--key", str(key)]
        environment = {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{self.key}"}
        self.run(command, environment)


@contextmanager
def running_azurite(certificate: Path | None = None) -> Iterator[Azurite]:
    """Run one; with a certificate, whose key lies beside it, over https and with Entra ID."""
    server = Azurite(certificate)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def entra_token(*, lives_s: int = 3600) -> AccessToken:
    """A token as Entra ID gives them, but signed by nobody."""
    now = int(time.time())
    claims = {
        "aud": "https://storage.azure.com",
        "iss": f"https://sts.windows.net/{_TENANT}/",
        "iat": now - 3600,
        "nbf": now - 3600,
        "exp": now + lives_s,
        "oid": _SOMEBODY,
        "sub": _SOMEBODY,
        "tid": _TENANT,
    }
    parts = [_encoded(json.dumps(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    return AccessToken(".".join([*parts, _encoded("nobody")]), now + 3600)


class FakeIdentity:
    """A credential that gives such tokens."""

    def __init__(self, *, lives_s: int = 3600) -> None:
        self.requests = 0
        self.closed = False
        self._lives_s = lives_s

    async def get_token(self, *scopes: str, **options: object) -> AccessToken:
        """A token for the storage."""
        assert scopes == ("https://storage.azure.com/.default",)
        self.requests += 1
        return entra_token(lives_s=self._lives_s)

    async def close(self) -> None:
        """Close it."""
        self.closed = True

    async def __aenter__(self) -> "FakeIdentity":
        """As the SDK's protocol wants it."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """As the SDK's protocol wants it."""
        await self.close()


@asynccontextmanager
async def managed_identity() -> AsyncIterator[tuple[str, list[str]]]:
    """Run the endpoint that gives tokens on an Azure machine; its URL, and its requests."""
    requests: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
        token = entra_token()
        given = {"access_token": token.token, "expires_on": str(token.expires_on)}
        body = json.dumps({**given, "resource": "https://storage.azure.com"})
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/msi/token", requests
    finally:
        server.close()


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
