"""The SDK's client for one table. Everything here blocks and runs in worker threads.

One thread at a time computes: it makes and signs a request, or reads an answer, while the requests
of others are on their way. Many at once would keep the event loop from its turn, one switch of the
interpreter after the other, and would be no faster.
"""

import threading
from binascii import crc32
from collections.abc import Callable
from typing import Any, TypeVar, TypeVarTuple

from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError
from botocore.parsers import ResponseParserError

from common.aws import AwsAccess, api_models, open_session
from datalayer.stores.dynamodb.sdk.address import TableAddress

Answer = dict[str, Any]
T = TypeVar("T")
_Args = TypeVarTuple("_Args")

POOL_SIZE = 32  # worker threads, and connections
_CONNECT_S = 3
_OK, _JSON = 200, "application/x-amz-json-1.0"
_ANSWER_S = 5  # without a byte from the service
_CONFIG = Config(
    connect_timeout=_CONNECT_S,
    read_timeout=_ANSWER_S,
    max_pool_connections=POOL_SIZE,
    tcp_keepalive=True,
    retries={"mode": "standard", "total_max_attempts": 1},  # who calls sends it again, in time
    parameter_validation=False,  # the service does it: here it is a tenth of the time
)


class Connection:
    """The client, made at its first use, since finding a role may take requests."""

    def __init__(self, address: TableAddress, access: AwsAccess) -> None:
        self._address = address
        self._access = access
        self._computing = threading.Lock()
        self._client: Any = None
        api_models("dynamodb")

    def call(self, operation: str, parameters: dict[str, Any]) -> Answer:
        """Send one request, and only once. The SDK's errors are its own.

        Operations on a table get its name, and are asked for the units that they take.
        """
        with self._computing:
            client = self._client or self._open()
            takes = client.meta.service_model.operation_model(operation).input_shape.members
            given = {"TableName": self._address.table, "ReturnConsumedCapacity": "TOTAL"}
            defaults = {name: value for name, value in given.items() if name in takes}
            answer: Answer = getattr(client, xform_name(operation))(**defaults, **parameters)
            return answer

    def compute(self, function: Callable[[*_Args], T], *args: *_Args) -> T:
        """Call a function that computes for long, while nothing else here does."""
        with self._computing:
            return function(*args)

    def close(self) -> None:
        """Close its connections."""
        with self._computing:
            if self._client is not None:
                self._client.close()

    def _open(self) -> Any:
        session = open_session(self._access, "dynamodb")
        self._client = session.client(
            "dynamodb",
            region_name=self._address.region or self._access.region,
            endpoint_url=self._address.endpoint_url or self._access.endpoint_url,
            config=_CONFIG,
        )
        self._client.meta.events.register("before-send.dynamodb", self._send)
        return self._client

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Send a request while others compute. Takes what the SDK's `before-send` gives."""
        self._computing.release()
        try:
            response: AWSResponse = self._client._endpoint.http_session.send(request)
        finally:
            self._computing.acquire()
        _check(response)
        return response


def _check(response: AWSResponse) -> None:
    """Raise for what was cut, or is none: the SDK would read an answer that says nothing."""
    headers, content = response.headers, response.content
    length, checksum = headers.get("Content-Length"), headers.get("x-amz-crc32")
    is_short = length is not None and int(length) != len(content)
    if is_short or (checksum is not None and int(checksum) != crc32(content)):
        raise ConnectionClosedError(endpoint_url=response.url)
    if response.status_code == _OK and _JSON not in headers.get("Content-Type", ""):
        message = f"the answer of {response.url} is not in {_JSON}"
        raise ResponseParserError(message)
