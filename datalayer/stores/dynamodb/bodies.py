"""Bodies of items: any JSON, as bytes that fit into items. Pure.

Numbers keep their kind, keys may be empty: what DynamoDB's own types do not give. What is stored
is JSON as it is, or a byte that names the dictionary by which it was deflated, and that.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from datalayer.errors import WriteRejected

PART_SIZE = 380_000  # bytes; an item may have 400 KB
_REFUSALS = (TypeError, ValueError, OverflowError, RecursionError)

# What steps, elements and threads have in common, the most frequent last: a message takes a third
# less with it. For ever as it is: a better one gets a number of its own, beside this one.
_WORDS = (
    '"disliked""liked""later""extra":{"favorite":true,"command":"","language":"","modes":{},'
    '"generation":{},"feedback":{"id":"","value":1,"value":0,"comment":null,"extra":{},"revision":'
    '{"name":"","tags":[],"metadata":{"is_shared":false,"chat_profile":"","chat_settings":{"model":'
    '"","temperature":0,"max_tokens":"env":{},"id":"","user":{"fieldRevisions":{"name":17,"tags":17'
    ',"metadata.{"ready":true,"fieldRevisions":{"autoPlay":0,"chainlitKey":0,"contentLength":0,'
    '"language":0,"page":0,"playerConfig":0,"props":0,"sha256":0,"size":0,"url":0},"type":"file",'
    '"type":"image","name":"","display":"inline","display":"side","objectKey":"",'
    '"mime":"application/pdf","mime":"text/plain","mime":"image/png","forId":"","sha256":"",'
    '"contentLength":"usage":{"prompt_tokens":,"completion_tokens":,"total_tokens":"state":"done",'
    '"model":"{"fieldRevisions":{"command":0,"favorite":0,"generation":0,"language":0,"modes":0,'
    '"parentId":0,"tags":0},"type":"undefined","type":"tool","type":"llm","type":"system_message",'
    '"type":"run","name":"on_message","parentId":"","type":"user_message","name":"",'
    '"type":"assistant_message","name":"Assistant","parentId":"","streaming":true,'
    '"waitForAnswer":true,"isError":true,"showInput":"json","defaultOpen":true,"autoCollapse":true,'
    '"","streaming":false,"waitForAnswer":false,"isError":false,"showInput":"json",'
    '"defaultOpen":false,"autoCollapse":false,"createdAt":"202","0Z","start":"202","000Z",'
    '"end":"202","Z","revision":17,"sequence":17,"metadata":{},"tags":[],"input":"","output":"'
)
_DICTIONARIES: Mapping[int, bytes] = {1: _WORDS.encode()}
_NEWEST = max(_DICTIONARIES)
_ORDER = (
    *("ready", "fieldRevisions", "type", "name", "display", "objectKey", "mime", "forId"),
    *("parentId", "streaming", "waitForAnswer", "isError", "showInput", "defaultOpen"),
    *("autoCollapse", "createdAt", "start", "end", "revision", "sequence", "metadata", "tags"),
    *("input", "output"),
)
_PLACES = {name: place for place, name in enumerate(_ORDER)}


def pack(value: Mapping[str, object], about: str) -> bytes:
    """Return JSON as bytes, deflated where that is smaller.

    Raises `WriteRejected`, which names what it is `about`, for what is no JSON.
    """
    try:
        plain = msgspec.json.encode(_in_order(value))
    except _REFUSALS as exc:
        message = f"{about} has a value that cannot be stored ({type(exc).__name__})."
        raise WriteRejected(message) from None
    deflated = bytes([_NEWEST]) + _deflate(plain, _DICTIONARIES[_NEWEST])
    return min(plain, deflated, key=len)


def unpack(data: bytes) -> Any:
    """Return what `pack` was given."""
    if words := _DICTIONARIES.get(data[0]):
        data = zlib.decompressobj(-zlib.MAX_WBITS, zdict=words).decompress(data[1:])
    return msgspec.json.decode(data)


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
