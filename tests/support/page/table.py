"""What is in a table of DynamoDB, read beside the program."""

from collections import Counter
from typing import Any

from datalayer.stores.dynamodb.format.bodies import unpack
from tests.support.page.database import Message
from tests.support.servers.dynamodb import ACCESS, DynamoDB

Item = dict[str, Any]

_OF_PEOPLE = ("THREAD#", "STEP#", "ELEMENT#", "FEEDBACK#", "FAVORITE#")


class Table:
    """A table on the server of the run."""

    def __init__(self, server: DynamoDB, name: str) -> None:
        self.name = name
        self._server = server

    def settings(self, *, port: int = 0) -> dict[str, str]:
        """What leads a program to it, by way of another port if one is given."""
        return {
            "DATABASE_URL": self._server.url(self.name, port=port),
            "AWS_ACCESS_KEY_ID": ACCESS.access_key_id or "",
            "AWS_SECRET_ACCESS_KEY": ACCESS.secret_access_key or "",
        }

    def everything(self) -> list[str]:
        """All that people have said and done: what a login, or time alone, changes is left out."""
        return sorted(str(it) for it in self._all() if it["PK"]["S"].startswith(_OF_PEOPLE))

    def is_there(self) -> bool:
        """Tell whether it was made."""
        return self.name in self._server.client.list_tables()["TableNames"]

    def items(self, thread_id: str) -> dict[str, Item]:
        """All items of a thread, by their SK."""
        mine = (it for it in self._all() if it["PK"]["S"] == f"THREAD#{thread_id}")
        return {it["SK"]["S"]: it for it in mine}

    def messages(self, thread_id: str) -> list[Message]:
        """The messages of a thread that are shown, the oldest first."""
        steps = sorted(self._bodies(thread_id, "STEP#"), key=lambda step: step["createdAt"])
        return [
            Message(
                step["type"],
                step["output"],
                step.get("metadata", {}).get("state"),
                step.get("isError", False),
            )
            for step in steps
            if step["type"].endswith("message") and not step.get("hidden")
        ]

    def feedbacks(self, thread_id: str) -> list[tuple[int, str]]:
        """Value and comment of a thread's thumbs."""
        given = [step.get("feedback") for step in self._bodies(thread_id, "STEP#")]
        return [(it["value"], it["comment"]) for it in given if it]

    def names(self, thread_id: str) -> list[str]:
        """A thread's name, in a list; none where there is no thread."""
        return [body["name"] for body in self._bodies(thread_id, "NAME")]

    def files(self, thread_id: str) -> list[str]:
        """The SHA-256 of a thread's stored files."""
        return [it["sha256"] for it in self._bodies(thread_id, "ELEMENT#") if it["ready"]]

    def kinds(self) -> Counter[str]:
        """How many items there are, by what their keys begin with."""
        return Counter(it["PK"]["S"].partition("#")[0] for it in self._all())

    def _bodies(self, thread_id: str, sk: str) -> list[Any]:
        found = self.items(thread_id).items()
        return [unpack(item["b"]["B"]) for key, item in found if key.startswith(sk)]

    def _all(self) -> list[Item]:
        return self._server.items(self.name)
