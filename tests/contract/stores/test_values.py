"""The contract of stores: what is put in comes back equal, of the same type, in one form."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from datalayer.errors import WriteRejected
from datalayer.fields import ELEMENT_FIELDS, STEP_FIELDS
from datalayer.stores.base import Store
from datalayer.stores.sql.store import SqlStore
from datalayer.values import REPLACEMENT, Json, clean_json, clean_text
from datalayer.writes import SaveElement, SaveStep, SaveThread, Write
from tests.conftest import examples
from tests.support.builders import (
    clock,
    element,
    get_element,
    get_step,
    get_thread,
    get_user,
    new_id,
    save,
    step,
    thread,
    unchanged,
    user,
)

PARENT = new_id()
TIME = "2026-01-02T12:34:56.789012Z"
STORED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
OBJECT: dict[str, Json] = {
    "text": "ü",
    "integer": 3,
    "big": 2**53 + 1,
    "float": 0.5,
    "flag": False,
    "none": None,
    "list": [1, "two", [3.0], {}],
    "object": {"inner": {"deep": True}},
}

STEP: dict[str, Any] = {
    "name": "bot",
    "type": "run",
    "parentId": PARENT,
    "streaming": True,
    "waitForAnswer": False,
    "isError": True,
    "metadata": OBJECT,
    "tags": ["one", "two", "ü"],
    "input": "question",
    "output": "answer",
    "createdAt": TIME,
    "start": TIME,
    "end": TIME,
    "generation": OBJECT,
    "showInput": "json",
    "language": "python",
    "command": "search",
    "modes": OBJECT,
    "defaultOpen": True,
    "autoCollapse": False,
    "hidden": True,
}
ELEMENT: dict[str, Any] = {
    "type": "pdf",
    "name": "a.pdf",
    "display": "side",
    "url": "https://example.org/a.pdf?b=c&d=%20",
    "chainlitKey": "key",
    "objectKey": "thread/element",
    "size": "large",
    "page": 3,
    "language": "en",
    "forId": PARENT,
    "mime": "application/pdf",
    "props": OBJECT,
    "autoPlay": True,
    "playerConfig": OBJECT,
}


FLAGS = (
    *("streaming", "waitForAnswer", "isError", "defaultOpen", "autoCollapse", "showInput"),
    "hidden",
)


def typed(value: object) -> object:
    """The value with its types, so that 1, 1.0 and True differ."""
    if isinstance(value, dict):
        return {name: typed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return type(value), value


def test_the_samples_have_every_field() -> None:
    assert set(STEP) == set(STEP_FIELDS)
    assert set(ELEMENT) == set(ELEMENT_FIELDS)


async def test_every_field_of_a_step_comes_back(store: Store) -> None:
    write = step(new_id(), **STEP)
    await save(store, write)
    assert typed(dict((await get_step(store, write)).fields)) == typed(STEP)


async def test_every_field_of_an_element_comes_back(store: Store) -> None:
    write = element(new_id(), **ELEMENT)
    await save(store, write)
    assert typed(dict((await get_element(store, write)).fields)) == typed(ELEMENT)


@pytest.mark.parametrize("value", [True, False, None])
async def test_flags_come_back_as_flags(store: Store, value: bool | None) -> None:
    flags: dict[str, Any] = dict.fromkeys(FLAGS, value)
    write, attached = step(new_id(), **flags), element(new_id(), autoPlay=value)
    await save(store, write, attached)
    found = (await get_step(store, write)).fields
    assert {name: found[name] for name in flags} == flags
    assert {type(found[name]) for name in flags} == {type(value)}
    assert (await get_element(store, attached)).fields["autoPlay"] is value


@pytest.mark.parametrize("value", [{}, None, OBJECT])
async def test_objects_come_back_as_objects(store: Store, value: Json) -> None:
    objects: dict[str, Any] = {"metadata": value, "generation": value, "modes": value}
    write = step(new_id(), **objects)
    attached = element(new_id(), props=value, playerConfig=value)
    await save(store, write, attached)
    found = (await get_step(store, write)).fields
    assert typed({name: found[name] for name in objects}) == typed(objects)
    both = (await get_element(store, attached)).fields
    assert typed([both["props"], both["playerConfig"]]) == typed([value, value])


async def test_metadata_of_threads_and_users_comes_back(store: Store) -> None:
    write = thread(name="x", metadata={name: item for name, item in OBJECT.items() if item})
    await save(store, write, user(metadata=OBJECT))
    assert typed((await get_thread(store, write.id)).metadata) == typed(write.metadata)
    assert typed((await get_user(store)).metadata) == typed(OBJECT)


@pytest.mark.parametrize("value", [[], ["one"], None])
async def test_tags_come_back_as_a_list(store: Store, value: list[str] | None) -> None:
    write = step(new_id(), tags=value)
    await save(store, write)
    assert (await get_step(store, write)).fields["tags"] == value


async def test_unknown_fields_survive(store: Store) -> None:
    unknown: dict[str, Json] = {"later": OBJECT, "revision": 3, "favorite": "x", "ready": False}
    write = SaveStep(id=new_id(), thread_id=new_id(), fields=unknown, revision=clock.next())
    attached = SaveElement(id=new_id(), thread_id=new_id(), fields=unknown, revision=clock.next())
    await save(store, write, attached)
    for found in (await get_step(store, write), await get_element(store, attached)):
        assert typed({name: found.fields[name] for name in unknown}) == typed(unknown)


async def test_unknown_fields_are_kept_one_by_one(store: Store) -> None:
    write, attached = step(new_id(), one=1, two=2), element(new_id(), one=1, two=2)
    await save(store, write, attached)
    await save(
        store,
        step(write.thread_id, write.id, two=3, three=4),
        element(attached.thread_id, attached.id, two=3, three=4),
    )
    for found in (await get_step(store, write), await get_element(store, attached)):
        assert [found.fields[name] for name in ("one", "two", "three")] == [1, 3, 4]


# Ids and times


@pytest.mark.parametrize("form", ["{}", "{{{}}}", "urn:uuid:{}"])
async def test_ids_are_canonical(store: Store, form: str) -> None:
    thread_id, parent_id, step_id = "abcdef00" + new_id()[8:], new_id(), new_id()
    parent = step(form.format(thread_id.upper()), form.format(parent_id.upper()))
    child = step(thread_id, form.format(step_id.replace("-", "")), parentId=parent_id.upper())
    attached = element(thread_id.upper(), forId=form.format(step_id.upper()))
    await save(store, parent, child, attached, thread(thread_id.upper(), name="x"))
    found = await get_thread(store, thread_id)
    assert found.id == thread_id
    assert [record.id for record in found.steps] == [parent_id, step_id]
    assert found.steps[1].fields["parentId"] == parent_id
    assert found.elements[0].fields["forId"] == step_id


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-01-02T12:00:00", "2026-01-02T12:00:00.000000Z"),
        ("2026-01-02T12:00:00Z", "2026-01-02T12:00:00.000000Z"),
        ("2026-01-02T12:00:00.5Z", "2026-01-02T12:00:00.500000Z"),
        ("2026-01-02T12:00:00.123456", "2026-01-02T12:00:00.123456Z"),
        ("2026-01-02T12:00:00+02:00", "2026-01-02T10:00:00.000000Z"),
        ("2026-01-01T23:30:00.000001-05:30", "2026-01-02T05:00:00.000001Z"),
        ("2026-01-02 12:00:00+00:00", "2026-01-02T12:00:00.000000Z"),
        ("2026-01-02", "2026-01-02T00:00:00.000000Z"),
    ],
)
async def test_times_come_back_in_one_form(store: Store, given: str, expected: str) -> None:
    write = step(new_id(), createdAt=given, start=given, end=given)
    await save(store, write)
    fields = (await get_step(store, write)).fields
    assert {fields["createdAt"], fields["start"], fields["end"]} == {expected}


async def test_all_times_have_one_form(store: Store) -> None:
    write = step(new_id(), createdAt="no time", start="no time")
    await save(store, write)
    found = await get_thread(store, write.thread_id)
    created = found.steps[0].fields["createdAt"]
    times = [found.created_at, found.updated_at, (await get_user(store)).created_at, created]
    assert all(STORED_TIME.fullmatch(str(time)) for time in times)
    assert found.steps[0].fields["start"] is None


# Any text

LONG = "\N{GRINNING FACE}ab\u4e2d" * 1_200_000  # 10 MB of UTF-8
TEXTS = {
    "empty": "",
    "emoji": "\N{WAVING HAND SIGN}\U0001f3fd \U0001f1e9\U0001f1ea",
    "joined": "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}",
    "lines": "one\r\ntwo\rthree\n\n\tfour ",
    "right to left": "\N{RIGHT-TO-LEFT OVERRIDE}שלום",
    "control": "\x01\x07\x1b[31m\x7f\x85\ufeff\uffff",
    "decomposed": "Cafe\u0301",
    "sql": "'; DROP TABLE steps; -- \" \\ % _ :name ?1 $1 {x}",
    "json": '{"a": "\\u0000"}',
    "long": LONG,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEXTS)
async def test_any_text_comes_back(store: Store, kind: str) -> None:
    text = TEXTS[kind]
    write = step(new_id(), output=text, metadata={"text": text[:1_000]}, later=text[:1_000])
    await save(store, write, thread(write.thread_id, name=text[:1_000]))
    found = await get_thread(store, write.thread_id)
    fields = found.steps[0].fields
    assert fields["output"] == text
    assert fields["metadata"] == {"text": text[:1_000]}
    assert (fields["later"], found.name) == (text[:1_000], text[:1_000])


@pytest.mark.parametrize("bad", ["\x00", chr(0xD800), chr(0xDFFF), "\udc00\ud800"])
async def test_what_no_database_holds_is_replaced(store: Store, bad: str) -> None:
    text, expected = f"a{bad}b", f"a{REPLACEMENT * len(bad)}b"
    fields: dict[str, Any] = {"output": text, "metadata": {text: [text]}, text: text}
    write = SaveStep(
        id=new_id(), thread_id=new_id(), fields=fields, owner=text, revision=clock.next()
    )
    title = SaveThread(
        id=write.thread_id, name=text, tags=(text,), owner=text, revision=clock.next()
    )
    await save(store, user(text, {text: text}), write, title)
    found = await get_thread(store, write.thread_id)
    stored = found.steps[0].fields
    assert (stored["output"], stored["metadata"]) == (expected, {expected: [expected]})
    assert (stored[expected], found.name) == (expected, expected)
    assert (found.tags, found.owner) == ((expected,), expected)
    assert (await get_user(store, expected)).metadata == {expected: expected}


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=ANY_TEXT, content=ANY_JSON)
@example(text="\x00", content={"\ud800": float("nan")})
async def test_any_value_comes_back_clean(store: Store, text: str, content: Json) -> None:
    write = step(new_id(), output=text, metadata={"content": content}, later=content)
    await save(store, write)
    fields = (await get_step(store, write)).fields
    assert fields["output"] == clean_text(text)
    assert fields["metadata"] == {"content": clean_json(content)}
    assert fields["later"] == clean_json(content)


async def test_a_value_that_can_never_be_stored_is_rejected_with_its_batch(
    sql_store: SqlStore,
) -> None:
    good = step(new_id(), output="x")
    bad = element(good.thread_id)
    object.__setattr__(bad, "fields", {"page": 10**40})  # past the domain, which has no such page
    batches: list[list[Write]] = [[bad], [good, bad, thread()]]
    async with unchanged(sql_store):
        for batch in batches:
            with pytest.raises(WriteRejected):
                await sql_store.apply(batch)
    await save(sql_store, good)
