"""The board of running answers: one partition of the table.

To read it takes half a unit for 4 KB, or eight answers with ten steps each. Each row that is
written, and each that is watched or asked to stop, takes one write unit, and the last two one read
unit besides.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from datalayer.stores.answers import AnswerBoard, Board, RunningAnswer
from datalayer.stores.dynamodb.format.items import number, number_of, text, text_of
from datalayer.stores.dynamodb.format.keys import Key
from datalayer.stores.dynamodb.requests import delete_many, pages, together
from datalayer.stores.dynamodb.sdk.client import Client
from datalayer.stores.dynamodb.sdk.errors import ConditionFailed, Item

BOARD, REPLICA, ANSWER = "ANSWERS", "REPLICA#", "ANSWER#"
_ID = 16  # bytes

Values = Mapping[str, Any]
"""Attributes by their names."""


class DynamoAnswers(AnswerBoard):
    """Keeps the board in the table that has the conversations."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def announce(self, replica: str, until: int) -> None:
        item = {**Key(BOARD, f"{REPLICA}{replica}").attributes, "until": number(until)}
        await self._client.call("PutItem", Item=item)

    async def withdraw(self, replica: str) -> None:
        await delete_many(self._client, [Key(BOARD, f"{REPLICA}{replica}")])

    async def post(self, answers: Sequence[RunningAnswer]) -> None:
        await together(self._set(_key(each), _posted(each)) for each in answers)

    async def ask_stop(self, thread_id: str) -> None:
        rows = [it for it in await self._rows(f"{ANSWER}{thread_id}#") if not _ended(it)]
        await self._set_of(rows, {"stop": {"BOOL": True}}, "attribute_exists(PK)")

    async def watch(self, thread_ids: Collection[str], until: int) -> None:
        rows = [it for it in await self._rows(ANSWER) if _ids_of(it)[0] in thread_ids]
        is_less = "attribute_exists(PK) AND (attribute_not_exists(#watched) OR #watched < :watched)"
        await self._set_of(rows, {"watched": number(until)}, is_less)

    async def read(self) -> Board:
        items = await self._rows(ConsistentRead=False)
        answers = [_answer_of(item) for item in items if _is_answer(item)]
        return Board(_replicas(items), answers)

    async def forget(self, before: int) -> None:
        items = await self._rows()
        gone = {name for name, until in _replicas(items).items() if until < before}
        alive = _replicas(items).keys() - gone
        rows = [Key(BOARD, f"{REPLICA}{name}") for name in gone]
        rows += [Key.of(it) for it in items if _is_answer(it) and _is_over(it, alive, before)]
        await delete_many(self._client, rows)

    async def _rows(self, prefix: str = "", **more: Any) -> list[Item]:
        found = pages(self._client, BOARD, prefix, **more)
        return [item async for page in found for item in page]

    async def _set_of(self, rows: Iterable[Item], values: Values, condition: str) -> None:
        """Set attributes of rows that are still there and not as they are to be."""

        async def set_if(key: Key) -> None:
            with suppress(ConditionFailed):
                await self._set(key, values, ConditionExpression=condition)

        await together(set_if(Key.of(item)) for item in rows)

    async def _set(self, key: Key, values: Values, **more: Any) -> None:
        """Set attributes of a row, and leave the others as they are."""
        await self._client.call(
            "UpdateItem",
            Key=key.attributes,
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
            **more,
        )


def _key(answer: RunningAnswer) -> Key:
    return Key(BOARD, f"{ANSWER}{answer.thread_id}#{answer.turn}")


def _is_answer(item: Item) -> bool:
    return Key.of(item).sk.startswith(ANSWER)


def _ids_of(item: Item) -> tuple[str, str]:
    """Return the thread and the turn of a row."""
    _, thread_id, turn = Key.of(item).sk.split("#")
    return thread_id, turn


def _replicas(items: Iterable[Item]) -> dict[str, int]:
    found = (item for item in items if not _is_answer(item))
    return {Key.of(it).sk.removeprefix(REPLICA): number_of(it, "until") or 0 for it in found}


def _ended(item: Item) -> int | None:
    return number_of(item, "ended") or None


def _is_over(item: Item, alive: Collection[str], before: int) -> bool:
    ended = _ended(item)
    return text_of(item, "replica") not in alive if ended is None else ended < before


def _posted(answer: RunningAnswer) -> Values:
    return {
        "replica": text(answer.replica),
        "owner": text(answer.owner),
        "steps": {"B": b"".join(uuid.UUID(step_id).bytes for step_id in answer.step_ids)},
        "version": number(answer.version),
        "ended": number(answer.ended or 0),
    }


def _answer_of(item: Item) -> RunningAnswer:
    thread_id, turn = _ids_of(item)
    return RunningAnswer(
        turn=turn,
        thread_id=thread_id,
        replica=text_of(item, "replica") or "",
        owner=text_of(item, "owner") or "",
        step_ids=tuple(_ids(item["steps"]["B"])),
        version=number_of(item, "version") or 0,
        ended=_ended(item),
        stop_asked="stop" in item,
        watched_until=number_of(item, "watched") or 0,
    )


def _ids(data: bytes) -> Iterable[str]:
    return (str(uuid.UUID(bytes=data[at : at + _ID])) for at in range(0, len(data), _ID))
