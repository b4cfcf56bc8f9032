"""The links of the contract, over every storage that has them."""

from urllib.parse import urlsplit

import httpx2
import pytest

from storage.base import Storage
from storage.errors import InvalidKey
from tests.support.marks import on
from tests.support.storages import LINKING
from tests.support.waiting import until

pytestmark = pytest.mark.parametrize("storage", on(*LINKING), indirect=True)

HTML = "text/html; charset=utf-8"
NAMED = "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%20b.txt"


async def linked(storage: Storage, key: str, expires: int = 60, **headers: str) -> str:
    link = await storage.read_url(key, expires, **headers)
    assert link
    return link


async def test_a_link_gives_the_object(storage: Storage, key: str) -> None:
    await storage.put(key, b"some bytes", mime="text/plain", filename="文 #1.txt")
    answer = httpx2.get(await linked(storage, key))
    assert (answer.status_code, answer.content) == (200, b"some bytes")
    assert answer.headers["content-type"] == "text/plain"
    disposition = answer.headers["content-disposition"]
    assert disposition == "attachment; filename=\"_ #1.txt\"; filename*=UTF-8''%E6%96%87%20#1.txt"


async def test_a_link_says_as_what_its_object_is_sent(storage: Storage, key: str) -> None:
    await storage.put(key, b"some bytes", mime="text/plain", filename="plain.txt")
    answer = httpx2.get(await linked(storage, key, mime=HTML, disposition=NAMED))
    assert answer.headers["content-type"] == HTML
    assert answer.headers["content-disposition"] == NAMED


async def test_a_link_gives_ranges(storage: Storage, key: str) -> None:
    await storage.put(key, b"0123456789", mime="text/plain")
    answer = httpx2.get(await linked(storage, key), headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer.content) == (206, b"234")


ODD = ["a b/c#d?e&f%2F+g", "中文/🎉.txt", "quotes/\"double\" 'single'", "colon:semi;comma,*|"]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
async def test_a_link_to_an_odd_key(storage: Storage, odd: str) -> None:
    await storage.put(odd, odd.encode(), mime="text/plain")
    assert httpx2.get(await linked(storage, odd)).content == odd.encode()
    assert httpx2.get(await storage.get_read_url(odd)).content == odd.encode()


async def test_a_link_expires(storage: Storage, key: str) -> None:
    await storage.put(key, b"some bytes", mime="text/plain")
    link = await linked(storage, key, 2)
    await until(lambda: httpx2.get(link).status_code == 403, "the link's end")


async def test_a_link_is_good_for_nothing_else(storage: Storage, key: str) -> None:
    await storage.put(key, b"some bytes", mime="text/plain")
    await storage.put(f"{key}-other", b"other bytes", mime="text/plain")
    link = await linked(storage, key)
    path = urlsplit(link).path
    assert httpx2.get(link.replace(path, f"{path}-other")).status_code == 403
    headers = {"x-ms-blob-type": "BlockBlob"}  # without which Azure does not look who it is
    assert httpx2.put(link, content=b"changed", headers=headers).status_code == 403
    assert httpx2.delete(link).status_code == 403
    assert httpx2.get(link.partition("?")[0]).status_code in (401, 403, 404, 409)
    assert httpx2.get(link).content == b"some bytes"


async def test_a_link_to_nothing(storage: Storage, key: str) -> None:
    assert httpx2.get(await linked(storage, key)).status_code == 404


async def test_a_link_to_a_bad_key(storage: Storage) -> None:
    with pytest.raises(InvalidKey):
        await storage.read_url("../x", 60)
