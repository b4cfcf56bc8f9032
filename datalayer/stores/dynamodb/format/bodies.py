"""Bodies of items: any JSON, as bytes that fit into items. Pure.

Numbers keep their kind, keys may be empty: what DynamoDB's own types do not give. What is stored
is a byte that names a dictionary, times and revisions, and the other JSON deflated by that.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from datalayer.errors import WriteRejected
from datalayer.stores.dynamodb.format.moments import put_back, take_out

PART_SIZE = 380_000  # bytes; an item may have 400 KB
_REFUSALS = (TypeError, ValueError, OverflowError, RecursionError)

# What bodies have in common. Last, as most frequent, come Chainlit's dicts of messages and steps in
# the order in which we store them, so that they are found again in one piece; before them those
# of elements and feedbacks, and usual phrases of chats in some languages. A short one does best.
# For ever as it is: a better one gets a number of its own, beside this one.
_WORDS = (
    "如果你想了解更多，我可以，例如：为什么？请帮我一下什么是"
    " para que los de la una por ejemplo, es que vous pouvez les pour des est dans le Bitte"
    " ich mir wie Sie können mit dem auf das nicht ist ein eine für den und die in der zum"
    " Beispiel, dass would you like me to explain how you can use the following for example,"
    " if you want to make sure that there is one of the most important it is not the same as"
    " and the with the from the on the to the that the of the in the \\n\\n## \\n\\n1. **\\n\\n-"
    " **\\n\\n```python\\nimport "
    '"extra":{"feedback":{"id":"","value":1,"comment":null,"extra":{},"revision":17,"command":"",'
    '"favorite":true,"language":"","modes":{},"tags":["metadata.chat_profile":17,"chat_settings":{'
    '"forId":"","objectKey":"","sha256":"","contentLength":,"ready":true,"fieldRevisions":{'
    '"contentLength":0,"sha256":0},"display":"inline","type":"file","type":"image","mime":'
    '"image/png","name":"{"metadata":{},"parentId":"","fieldRevisions":{"command":0,"favorite":0,'
    '"generation":0,"modes":0,"waitForAnswer":0},"isError":false,"streaming":false,"showInput":'
    '"json","defaultOpen":false,"autoCollapse":false,"type":"llm","type":"tool","type":"run",'
    '"name":"on_message","input":"","output":""type":"user_message","name":"{"metadata":{},'
    '"fieldRevisions":{"autoCollapse":0,"defaultOpen":0,"favorite":0,"generation":0,"input":0,'
    '"showInput":0},"isError":false,"streaming":false,"waitForAnswer":false,'
    '"type":"assistant_message","name":"Assistant","output":"'
)
_DICTIONARIES: Mapping[int, bytes] = {1: _WORDS.encode()}
_NEWEST = max(_DICTIONARIES)
_ORDER = (
    *("metadata", "parentId", "forId", "objectKey", "sha256", "contentLength", "ready"),
    *("fieldRevisions", "isError", "streaming", "waitForAnswer", "showInput", "defaultOpen"),
    *("autoCollapse", "display", "type", "mime", "name", "input", "output"),
)
_PLACES = {name: place for place, name in enumerate(_ORDER)}


def pack(value: Mapping[str, object], about: str) -> bytes:
    """Return JSON as bytes.

    Raises `WriteRejected`, which names what it is `about`, for what is no JSON.
    """
    moments, rest = take_out(value)
    try:
        plain = msgspec.json.encode(_in_order(rest))
    except _REFUSALS as exc:
        message = f"{about} has a value that cannot be stored ({type(exc).__name__})."
        raise WriteRejected(message) from None
    return bytes([_NEWEST]) + moments + _deflate(plain, _DICTIONARIES[_NEWEST])


def unpack(data: bytes) -> Any:
    """Return what `pack` was given."""
    moments, deflated = put_back(data[1:])
    inflating = zlib.decompressobj(-zlib.MAX_WBITS, zdict=_DICTIONARIES[data[0]])
    plain = inflating.decompress(deflated)
    return msgspec.json.decode(plain) | moments


def _in_order(value: Mapping[str, object]) -> dict[str, object]:
    """Return it in the dictionary's order, of which long runs are found again."""
    return dict(sorted(value.items(), key=lambda it: (_PLACES.get(it[0], -1), it[0])))


def _deflate(data: bytes, words: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS, zdict=words)
    return packing.compress(data) + packing.flush()


def split(data: bytes) -> list[bytes]:
    """Return the parts of a body that is too large for one item; none for others."""
    if len(data) <= PART_SIZE:
        return []
    return [data[at : at + PART_SIZE] for at in range(0, len(data), PART_SIZE)]
