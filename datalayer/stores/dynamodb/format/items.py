"""Items as the rules and the reads know them, and as the table has them. Pure."""

import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datalayer.errors import WriteRejected
from datalayer.rules.loading import Tombstone
from datalayer.stores.dynamodb.format import keys
from datalayer.stores.dynamodb.format.bodies import pack, split, unpack
from datalayer.stores.dynamodb.format.keys import Key, Placement
from datalayer.stores.dynamodb.sdk.errors import Item

Attributes = dict[str, Any]
Body = dict[str, Any]

LARGEST = 400_000  # bytes of an item; the service counts 409,600
_LARGEST_NEW_HEAD = 640  # bytes; what is added later should fit into 1 KB, the unit of writes
FLAGS: Mapping[int, str] = {0: "disliked", 1: "liked"}
"""The attribute of a head that names the steps with a feedback, by its value."""

SHOWN_WITHIN = 30_000_000
"""The index is behind a thread's last activity by less than so many microseconds."""


def new_nonce() -> str:
    return secrets.token_urlsafe(6)


def text(value: str) -> Attributes:
    return {"S": value}


def number(value: int) -> Attributes:
    return {"N": str(value)}


def ids(values: Iterable[str]) -> Attributes:
    """Return a set of ids, 16 bytes each."""
    return {"BS": [uuid.UUID(value).bytes for value in values]}


def _ids_of(item: Item, name: str) -> frozenset[str]:
    return frozenset(str(uuid.UUID(bytes=value)) for value in _get(item, name, "BS", ()))


def _get(item: Item, name: str, kind: str, default: Any = None) -> Any:
    return item[name][kind] if name in item else default


def number_of(item: Item, name: str) -> int | None:
    found = _get(item, name, "N")
    return None if found is None else int(found)


def text_of(item: Item, name: str) -> str | None:
    """Return an attribute that is text; None for none."""
    found: str | None = _get(item, name, "S")
    return found


def nonce_of(item: Item | None) -> str | None:
    """Return an item's nonce; None where there is no item."""
    return text_of(item, "v") if item else None


def body_of(item: Item) -> Any:
    """Return the body of an item, which has been read whole; None for one without."""
    return unpack(item["b"]["B"]) if "b" in item else None


def gone_of(item: Item | None) -> int | None:
    """Return the revision of the delete that an item is the tombstone of."""
    return number_of(item, "gone") if item else None


def parts_of(item: Item) -> list[Key]:
    """Return the keys of the parts of an item's body; none where it is in one piece."""
    name, count = text_of(item, "parts"), number_of(item, "count") or 0
    key = Key.of(item)
    return [keys.part(key, name or "", at) for at in range(count)]


@dataclass(frozen=True, slots=True)
class Put:
    """An item to be put in the place of the one with the nonce `replaces`, or where there is none.

    Where it is None there may be one without a nonce: it is of another layer, and is adopted.
    Its body's `parts` are put before, and those of what it replaces (`leaves`) removed after.
    """

    item: Attributes
    replaces: str | None
    parts: Sequence[Attributes] = ()
    leaves: Sequence[Key] = ()

    @property
    def nonce(self) -> str:
        """What tells that the item which is there is this one."""
        return str(self.item["v"]["S"])

    def parameters(self) -> Attributes:
        """Return what PutItem, and Put in a transaction, take."""
        if self.replaces is None:
            return {"Item": self.item, "ConditionExpression": "attribute_not_exists(v)"}
        return {
            "Item": self.item,
            "ConditionExpression": "v = :seen",
            "ExpressionAttributeValues": {":seen": text(self.replaces)},
        }


def put_of(key: Key, old: Item | None, body: Body | None = None, **attributes: Attributes) -> Put:
    """Return the put of an item. Raises `WriteRejected` for what no item can hold."""
    item = {**key.attributes, "v": text(new_nonce()), **attributes}
    data = b"" if body is None else pack(body, f"{key.pk}/{key.sk}")
    parts, name = split(data), new_nonce()
    if parts:
        item |= {"parts": text(name), "count": number(len(parts))}
    elif data:
        item["b"] = {"B": data}
    if _size(item) > LARGEST:
        message = f"{key.pk}/{key.sk} is too large: an item of DynamoDB has {LARGEST:,} bytes."
        raise WriteRejected(message)
    return Put(
        item=item,
        replaces=nonce_of(old),
        parts=[
            {**keys.part(key, name, at).attributes, "v": text(name), "b": {"B": part}}
            for at, part in enumerate(parts)
        ],
        leaves=parts_of(old) if old else (),
    )


def _size(item: Attributes) -> int:
    return sum(len(name) + _size_of(value) for name, value in item.items())


def _size_of(attribute: Attributes) -> int:
    [value] = attribute.values()
    if isinstance(value, list):
        return sum(map(len, value))
    return len(value.encode() if isinstance(value, str) else value)


# Users


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user, there or deleted (`gone`); `life` counts how often they were deleted."""

    item: Item
    id: str
    life: int
    gone: int | None
    body: Body | None

    @classmethod
    def of(cls, item: Item) -> "User":
        """Read an item."""
        return cls(
            item=item,
            id=keys.id_of(Key.of(item)),
            life=life_of(item),
            gone=number_of(item, "gone"),
            body=body_of(item),
        )


def life_of(item: Item | None) -> int:
    """Return which life of its user an item belongs to."""
    return (number_of(item, "life") if item else None) or 0


# Threads


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head of a thread: there, or deleted (`gone`), and then nothing else is known.

    `shown_at` is the activity that the index shows. `cut` has the revisions of the deletes of rows
    that may still lie about. `chunks` are what the search looks through, if `folding` tells by
    which version of the folding: without it the thread was changed since.
    """

    thread_id: str
    nonce: str
    gone: int | None = None
    owner: str | None = None
    user_id: str | None = None
    life: int = 0
    created_at: str = ""
    updated_at: str = ""
    shown_at: str | None = None
    flags: Mapping[int, frozenset[str]] = field(default_factory=dict)
    cut: Mapping[Tombstone, int] = field(default_factory=dict)
    chunks: Sequence[str] = ()
    folding: int | None = None
    body: bytes = b""

    @classmethod
    def of(cls, item: Item) -> "Head":
        """Read an item."""
        place = text_of(item, "UserThreadSK")
        return cls(
            thread_id=keys.id_of(Key.of(item)),
            nonce=nonce_of(item) or "",
            gone=number_of(item, "gone"),
            owner=text_of(item, "owner"),
            user_id=text_of(item, "userId"),
            life=life_of(item),
            created_at=text_of(item, "createdAt") or "",
            updated_at=text_of(item, "updatedAt") or "",
            shown_at=keys.moment_of(place) if place else None,
            flags={value: _ids_of(item, name) for value, name in FLAGS.items()},
            cut=_cut_of(item),
            chunks=_chunks_of(item),
            folding=number_of(item, "folding"),
            body=_get(item, "b", "B", b""),
        )

    @property
    def is_there(self) -> bool:
        return self.gone is None

    @property
    def said_first(self) -> Body:
        """What the thread said of itself when it was made: it holds unless there is an item of it.

        Nothing where that was too large for a head.
        """
        said: Body = unpack(self.body) if self.body else {}
        return said


def new_head(head: Head, said: Body | None = None, placement: Placement = keys.UNPLACED) -> Put:
    """Return the put of a thread that was not there, with what it says of itself if it is small."""
    attributes = {"createdAt": text(head.created_at), "updatedAt": text(head.updated_at)}
    if head.user_id is not None:
        attributes |= {
            "owner": text(head.owner or ""),
            "userId": text(head.user_id),
            "life": number(head.life),
            "UserThreadPK": text(keys.list_of(head.user_id, placement)),
            "UserThreadSK": text(keys.place(head.updated_at, head.thread_id)),
        }
    key = keys.head(head.thread_id)
    whole = put_of(key, None, said, **attributes)
    is_small = not whole.parts and _size(whole.item) <= _LARGEST_NEW_HEAD
    return whole if is_small else put_of(key, None, **attributes)


def pack_cut(cut: Mapping[Tombstone, int]) -> Attributes:
    """Return a cut as an attribute of a head."""
    by_kind: dict[str, dict[str, int]] = {}
    for (kind, row_id), revision in cut.items():
        by_kind.setdefault(kind, {})[row_id] = revision
    return {"B": pack(by_kind, "a delete")}


def pack_chunks(names: Sequence[str]) -> Attributes:
    """Return the names of chunks as an attribute of a head."""
    return {"B": bytes.fromhex("".join(names))}


def _chunks_of(item: Item) -> Sequence[str]:
    names, size = _get(item, "chunks", "B", b"").hex(), keys.CHUNK_NAME
    return [names[at : at + size] for at in range(0, len(names), size)]


def _cut_of(item: Item) -> Mapping[Tombstone, int]:
    if "cut" not in item:
        return {}
    by_kind = unpack(item["cut"]["B"])
    return {
        (kind, row_id): revision
        for kind, cut in by_kind.items()
        for row_id, revision in cut.items()
    }


# Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A step or an element: what the columns of other stores hold, but for what is None.

    A step has its feedback in it.
    """

    item: Item
    kind: str
    id: str
    thread_id: str
    body: Body

    @classmethod
    def of(cls, item: Item) -> "Row":
        """Read an item."""
        key = Key.of(item)
        kind, name = keys.row_of(key) or ("", "")
        return cls(item=item, kind=kind, id=name, thread_id=keys.id_of(key), body=body_of(item))


def searched(step: Body | None) -> str | None:
    """Return what of a step the search looks through, from its body."""
    return None if step is None or step.get("hidden") else step.get("output")


def rows_in(found: Mapping[Key, Item], head: Head) -> list[Row]:
    """Return the rows of a thread from among items, which has been read whole, but for cut ones."""
    rows = [Row.of(item) for key, item in found.items() if keys.row_of(key)]
    return [row for row in rows if (row.kind, row.id) not in head.cut]


@dataclass(frozen=True, slots=True)
class Claim:
    """Says in which thread a step, an element or a feedback is; `gone` is its tombstone.

    A feedback's names its step. Of what was deleted before it came nothing may be known.
    """

    item: Item
    thread_id: str | None
    step_id: str | None
    gone: int | None

    @classmethod
    def of(cls, item: Item) -> "Claim":
        """Read an item."""
        return cls(item, text_of(item, "thread"), text_of(item, "step"), number_of(item, "gone"))
