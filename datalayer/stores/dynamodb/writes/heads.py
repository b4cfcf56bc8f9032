"""Changes of a head that is there: each is one conditional update. Pure.

What changes what the search looks through takes the folding away: the chunks are stale by then.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from datalayer.rules.loading import Tombstone
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.items import (
    FLAGS,
    SHOWN_WITHIN,
    Attributes,
    Head,
    ids,
    new_nonce,
    number,
    pack_chunks,
    pack_cut,
    text,
)
from datalayer.stores.dynamodb.format.keys import Placement
from datalayer.values import revision_of_time

_IS_THERE = "attribute_exists(PK) AND attribute_not_exists(gone)"
_IS_ACTIVE_BEFORE = f"{_IS_THERE} AND updatedAt < :at"
_IS_AS_SEEN = "v = :seen"


class HeadUpdate(NamedTuple):
    """What UpdateItem, and Update in a transaction, take; and the nonce that it leaves."""

    nonce: str
    parameters: Attributes
    moves: bool = False
    """Whether the index follows."""


def touch(head: Head, moment: str) -> HeadUpdate:
    """Return the move of a thread to its last activity, unless it is deleted or that was later."""
    shown = revision_of_time(head.shown_at or moment)
    moves = revision_of_time(moment) - shown >= SHOWN_WITHIN
    place = {":place": text(keys.place(moment, head.thread_id))} if moves else {}
    shows = ", UserThreadSK = :place" if moves else ""
    expression = f"SET v = :v, updatedAt = :at{shows} REMOVE folding"
    values = {":at": text(moment), **place}
    return _update(head.thread_id, expression, _IS_ACTIVE_BEFORE, values, moves)


def stir(thread_id: str) -> HeadUpdate:
    """Return what says that a text changes, though that is no activity."""
    return _update(thread_id, "SET v = :v REMOVE folding", _IS_THERE, {})


def move(head: Head, placement: Placement) -> HeadUpdate:
    """Return the move of a thread to another place in the sidebar, with what it says of itself."""
    values = {":list": text(keys.list_of(head.user_id or "", placement))}
    return _update(head.thread_id, "SET v = :v, UserThreadPK = :list", _IS_THERE, values, True)


def list_chunks(head: Head, names: Sequence[str], folding: int) -> Attributes:
    """Return what UpdateItem takes to list the chunks of a thread, unless it changed since."""
    return {
        "Key": keys.head(head.thread_id).attributes,
        "UpdateExpression": "SET chunks = :chunks, folding = :folding",
        "ConditionExpression": _IS_AS_SEEN,
        "ExpressionAttributeValues": {
            ":chunks": pack_chunks(names),
            ":folding": number(folding),
            ":seen": text(head.nonce),
        },
    }


def cut_rows(head: Head, seen: str, cut: Mapping[Tombstone, int]) -> HeadUpdate:
    """Return the cut of rows, which takes their feedback out of the flags."""
    expression = "SET v = :v, cut = :cut REMOVE folding"
    values = {":cut": pack_cut({**head.cut, **cut})}
    flags = {
        FLAGS[value]: flagged
        for value, steps in head.flags.items()
        if (flagged := [step for step in steps if ("step", step) in cut])
    }
    if flags:
        expression += " DELETE " + ", ".join(f"{name} :{name}" for name in flags)
        values |= {f":{name}": ids(steps) for name, steps in flags.items()}
    return _update(head.thread_id, expression, _IS_AS_SEEN, {**values, ":seen": text(seen)})


def take_cut_away(thread_id: str, seen: str) -> HeadUpdate:
    """Return the end of a cut, whose rows are gone."""
    return _update(thread_id, "SET v = :v REMOVE cut", _IS_AS_SEEN, {":seen": text(seen)})


def flag(
    thread_id: str, seen: str, step_id: str, before: int | None, after: int | None
) -> HeadUpdate:
    """Return the change of a step's feedback from one value to another, None for no feedback."""
    expression, values = "SET v = :v", {":seen": text(seen)}
    if before != after:
        expression += f" DELETE {FLAGS[before]} :step" if before is not None else ""
        expression += f" ADD {FLAGS[after]} :step" if after is not None else ""
        values[":step"] = ids([step_id])
    return _update(thread_id, expression, _IS_AS_SEEN, values)


def _update(
    thread_id: str,
    expression: str,
    condition: str,
    values: Mapping[str, Attributes],
    moves: bool = False,
) -> HeadUpdate:
    nonce = new_nonce()
    parameters = {
        "Key": keys.head(thread_id).attributes,
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ExpressionAttributeValues": {":v": text(nonce), **values},
    }
    return HeadUpdate(nonce, parameters, moves)
