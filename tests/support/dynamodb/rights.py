"""The rights that requests need, and those that a policy gives."""

from collections.abc import Mapping
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from datalayer.stores.dynamodb.sdk.client import Client
from tests.support.dynamodb.wire import TRANSACTION, Request, stand_before

Right = tuple[str, str]
"""An action, and on what: the table, which is empty, or one of its indexes."""

IN_A_TRANSACTION = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}


def needed_for(request: Request) -> set[Right]:
    """Return what a request needs; a transaction needs what its actions do."""
    if request.operation == TRANSACTION:
        kinds = [kind for action in request.body["TransactItems"] for kind in action]
        return {(IN_A_TRANSACTION[kind], "") for kind in kinds}
    index = request.body.get("IndexName")
    return {(request.operation, f"/index/{index}" if index else "")}


def given_by(policy: Mapping[str, Any], table: str) -> list[Right]:
    """Return what a policy gives, each as often as it does; `table` is what it calls the table."""
    found: list[Right] = []
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            service, _, name = action.partition(":")
            assert service == "dynamodb"
            found.append((name, statement["Resource"].removeprefix(table)))
    return found


class Recorder:
    """Takes down what the requests of clients need."""

    def __init__(self) -> None:
        self.needed: set[Right] = set()

    def install(self, client: Client) -> None:
        """Stand before the wire of a client that has sent nothing yet."""
        stand_before(client, lambda session: _RecordingWire(session, self))


class _RecordingWire:
    def __init__(self, session: Any, recorder: Recorder) -> None:
        self._session = session
        self._recorder = recorder

    def send(self, prepared: AWSPreparedRequest) -> AWSResponse:
        self._recorder.needed |= needed_for(Request.read(prepared))
        response: AWSResponse = self._session.send(prepared)
        return response

    def close(self) -> None:
        self._session.close()
