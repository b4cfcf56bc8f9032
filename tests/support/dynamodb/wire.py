"""Requests to DynamoDB and its answers, as they are on the wire."""

import json
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, Self

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from urllib3 import HTTPResponse

from datalayer.stores.dynamodb.sdk.client import Client

TYPE = "application/x-amz-json-1.0"
BATCHES = ("BatchGetItem", "BatchWriteItem")
SINGLE_WRITES = ("DeleteItem", "PutItem", "UpdateItem")
PAGED = ("Query", "Scan")
TRANSACTION = "TransactWriteItems"
WRITES = frozenset({*SINGLE_WRITES, "BatchWriteItem", TRANSACTION})
ON_ITEMS = WRITES | {"BatchGetItem", "GetItem", *PAGED}

Body = dict[str, Any]
Key = tuple[str, str]
"""PK and SK."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is ready to be sent, and what it says."""

    prepared: Any
    operation: str
    body: Body

    @classmethod
    def read(cls, prepared: Any) -> Self:
        """Read what the SDK has made."""
        target = prepared.headers["X-Amz-Target"]
        name = target.decode() if isinstance(target, bytes) else target
        return cls(prepared, name.rpartition(".")[2], json.loads(prepared.body))

    def changed(self, **changes: Any) -> "Request":
        """Return it with another body. DynamoDB Local looks at no signature."""
        return replace(self, body=self.body | changes)

    def finished(self) -> Any:
        """Return what is to be sent."""
        content = json.dumps(self.body).encode()
        old = self.prepared
        headers = copy(old.headers)
        del headers["Content-Length"]
        headers["Content-Length"] = str(len(content))
        made: Any = AWSPreparedRequest(old.method, old.url, headers, content, old.stream_output)
        made.context = old.context
        return made

    def writes(self) -> list[Body]:
        """Return what it does to single items, each as an action of its own."""
        if self.operation in SINGLE_WRITES:
            return [self.body]
        if self.operation == TRANSACTION:
            return [action for it in self.body["TransactItems"] for action in it.values()]
        if self.operation == "BatchWriteItem":
            [requests] = self.body["RequestItems"].values()
            return [action for it in requests for action in it.values()]
        return []


def stand_before(client: Client, wrapped: Callable[[Any], Any]) -> None:
    """Put something in the place of the HTTP session of a client that has sent nothing yet."""
    connection: Any = client._connection
    really_open = connection._open

    def opened() -> Any:
        sdk = really_open()
        sdk._endpoint.http_session = wrapped(sdk._endpoint.http_session)
        return sdk

    connection._open = opened


def key_of(action: Body) -> Key:
    """Return the key of the item that an action is about."""
    found = action.get("Key") or action["Item"]
    return found["PK"]["S"], found["SK"]["S"]


def content_of(response: AWSResponse) -> Body:
    """Return what an answer says."""
    found: Body = json.loads(response.content)
    return found


def answer(request: Request, status: int, content: Body) -> AWSResponse:
    """Return an answer as the service gives it."""
    encoded = json.dumps(content).encode()
    headers = {"Content-Type": TYPE, "Content-Length": str(len(encoded))}
    raw = HTTPResponse(BytesIO(encoded), headers, status, preload_content=False)
    theirs: Any = raw.headers
    return AWSResponse(request.prepared.url, status, theirs, raw)


def refusal(request: Request, code: str, status: int = 400, **more: Any) -> AWSResponse:
    """Return an answer that says what is wrong."""
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    return answer(request, status, {"__type": kind, "message": "It goes wrong on purpose.", **more})
