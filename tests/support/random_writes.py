"""Random writes of every kind, about few ids, and all that a store shows of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from hypothesis import strategies as st

from datalayer.sections import ARCHIVE, MAIN, section_of_folder
from datalayer.stores.base import Store
from datalayer.writes import (
    DeleteElement,
    DeleteFeedback,
    DeleteStep,
    DeleteStepsAfter,
    DeleteThread,
    DeleteUser,
    FinishElement,
    ForgetRemovals,
    SaveElement,
    SaveFeedback,
    SavePreferences,
    SaveStep,
    SaveThread,
    SaveUser,
    SetFavorite,
    Write,
)
from tests.support.builders import clock, ids, keep_up, new_id

NEEDLES = ("a", "Ü", "ss", "%", "_", "\\", "中", "a b", "\x00", "none of it", " ", "'", '"a b"')
TEXT = st.lists(st.sampled_from([*NEEDLES, "ß", "\N{GRINNING FACE}", "\ud800"]), max_size=4).map(
    "".join
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
OBJECT = st.dictionaries(st.sampled_from(["a", "b", "favorite"]), JSON, max_size=3)
PLACE = st.fixed_dictionaries(
    {},
    optional={
        "pinned": st.none() | st.booleans(),
        "archived": st.none() | st.booleans(),
        "folder": st.sampled_from([None, "a", "Ü b", " ", 1]),
    },
)
SECTIONS = (MAIN, ARCHIVE, section_of_folder("a"), section_of_folder("Ü b"))
MOMENT = st.sampled_from([None, "2026-01-02T03:04:05Z", "2025-01-02T03:04:05.5+02:00", "x"])
FLAG = st.none() | st.booleans()


@dataclass(frozen=True)
class World:
    """The few ids that an example is about, so that its writes meet."""

    people: list[str | None]
    threads: list[str] = field(default_factory=lambda: ids(3))
    steps: list[str] = field(default_factory=lambda: ids(4))
    elements: list[str] = field(default_factory=lambda: ids(3))
    start: int = field(default_factory=clock.next)

    @classmethod
    def new(cls) -> "World":
        return cls([f"ann {new_id()}", f"Ünal {new_id()}", None])


@dataclass(frozen=True)
class PlannedWrite:
    """A write without its ids, which it gets in the world of its example."""

    kind: str
    person: int
    thread: int
    row: int
    at: int
    values: dict[str, Any]

    def write(self, world: World) -> Write:
        make, at = _MAKERS[self.kind], world.start + self.at
        return make(world, self.person, self.thread, self.row, at, dict(self.values))


@st.composite
def planned_writes(draw: st.DrawFn, kinds: Sequence[str] = ()) -> PlannedWrite:
    """One write, of any kind by default; its revision may be older than those before, or the same.

    Most are about the same few things, or else most would be turned away.
    """
    kind = draw(st.sampled_from(kinds or _KINDS))
    person, thread, row = (draw(st.sampled_from([0, 0, 0, 1, 2])) for _ in range(3))
    values = {name: draw(value) for name, value in _FIELDS[kind].items()}
    return PlannedWrite(kind, person, thread, row, draw(st.integers(0, 40)), values)


def _step_fields(world: World, row: int, values: dict[str, Any]) -> dict[str, Any]:
    parent = values.pop("parent")
    return values | ({} if parent is None else {"parentId": world.steps[parent]})


_FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "user": {"metadata": OBJECT},
    "preferences": {"preferences": OBJECT},
    "delete user": {},
    "thread": {
        "name": st.none() | TEXT,
        "tags": st.none() | st.lists(TEXT, max_size=2).map(tuple),
        "metadata": st.none() | OBJECT | PLACE,
        "creates": st.booleans(),
    },
    "delete thread": {},
    "step": {
        "parent": st.none() | st.integers(0, 3),
        "output": st.none() | TEXT,
        "createdAt": MOMENT,
        "metadata": st.none() | OBJECT,
        "tags": st.none() | st.lists(TEXT, max_size=2),
        "showInput": FLAG | TEXT,
        "isError": FLAG,
        "hidden": FLAG,
        "generation": st.none() | OBJECT,
        "later": JSON,
    },
    "part of a step": {"parent": st.none(), "output": TEXT},
    "hidden": {"parent": st.none(), "hidden": FLAG},
    "favorite": {"favorite": st.booleans()},
    "delete step": {},
    "delete what follows": {},
    "element": {
        "name": st.none() | TEXT,
        "page": st.none() | st.integers(0, 9),
        "props": st.none() | OBJECT,
        "autoPlay": FLAG,
        "later": JSON,
        "ready": st.booleans(),
        "of": st.integers(0, 3),
    },
    "finish": {},
    "delete element": {},
    "feedback": {"value": st.integers(0, 1), "comment": st.none() | TEXT, "extra": OBJECT},
    "delete feedback": {"known": st.booleans()},
    "forget removals": {},
}
PLAIN_SAVES = ("thread", "part of a step", "hidden", "step", "step", "step")
# Deletes are rarer, or else there would soon be nothing left to write to.
_KINDS = [
    kind for kind in _FIELDS for _ in range(1 if kind.startswith(("delete", "forget")) else 3)
]


def _element(world: World, p: int, t: int, r: int, at: int, values: dict[str, Any]) -> Write:
    ready, of = values.pop("ready"), values.pop("of")
    key = f"{world.threads[t]}/{world.elements[r]}"
    return SaveElement(
        id=world.elements[r],
        thread_id=world.threads[t],
        owner=world.people[p],
        revision=at,
        ready=ready,
        fields={**values, "objectKey": key, "forId": world.steps[of]},
    )


def _finish(world: World, p: int, t: int, r: int, at: int, values: dict[str, Any]) -> Write:
    home, name = world.threads[t], world.elements[r]
    return FinishElement(
        id=name, thread_id=home, revision=at, object_key=f"{home}/{name}", size=3, sha256="ab" * 32
    )


def _step(world: World, p: int, t: int, r: int, at: int, values: dict[str, Any]) -> Write:
    return SaveStep(
        id=world.steps[r],
        thread_id=world.threads[t],
        owner=world.people[p],
        revision=at,
        fields=_step_fields(world, r, values),
    )


def _delete_feedback(
    world: World, p: int, t: int, r: int, at: int, values: dict[str, Any]
) -> Write:
    given = SaveFeedback(step_id=world.steps[r], thread_id=world.threads[t], value=1, revision=at)
    home = world.threads[t] if values["known"] else None
    return DeleteFeedback(id=given.id, revision=at, thread_id=home)


Maker = Callable[[World, int, int, int, int, dict[str, Any]], Write]

_MAKERS: dict[str, Maker] = {
    "user": lambda w, p, t, r, at, v: SaveUser(identifier=w.people[p % 2] or "", revision=at, **v),
    "preferences": lambda w, p, t, r, at, v: SavePreferences(
        identifier=w.people[p % 2] or "", revision=at, **v
    ),
    "delete user": lambda w, p, t, r, at, v: DeleteUser(
        identifier=w.people[p % 2] or "", revision=at
    ),
    "thread": lambda w, p, t, r, at, v: SaveThread(
        id=w.threads[t], owner=w.people[p], revision=at, **v
    ),
    "delete thread": lambda w, p, t, r, at, v: DeleteThread(id=w.threads[t], revision=at),
    "step": _step,
    "part of a step": _step,
    "hidden": _step,
    "favorite": lambda w, p, t, r, at, v: SetFavorite(
        step_id=w.steps[r], thread_id=w.threads[t], revision=at, **v
    ),
    "delete step": lambda w, p, t, r, at, v: DeleteStep(
        id=w.steps[r], thread_id=w.threads[t], revision=at
    ),
    "delete what follows": lambda w, p, t, r, at, v: DeleteStepsAfter(
        id=w.steps[r], thread_id=w.threads[t], revision=at
    ),
    "forget removals": lambda w, p, t, r, at, v: ForgetRemovals(
        object_keys=(f"{w.threads[t]}/{w.elements[r]}",), revision=at
    ),
    "element": _element,
    "finish": _finish,
    "delete element": lambda w, p, t, r, at, v: DeleteElement(
        id=w.elements[r], thread_id=w.threads[t], revision=at
    ),
    "feedback": lambda w, p, t, r, at, v: SaveFeedback(
        step_id=w.steps[r], thread_id=w.threads[t], revision=at, **v
    ),
    "delete feedback": _delete_feedback,
}


async def shown(store: Store, world: World) -> Any:
    """All that a store says about an example."""
    feedbacks = [
        SaveFeedback(step_id=step, thread_id=step, value=1, revision=1).id for step in world.steps
    ]
    users = [await store.get_user(name) for name in world.people if name]
    found: list[Any] = [*users]
    found += [await store.get_preferences(name) for name in world.people if name]
    for user in filter(None, users):
        found.append(await store.get_user_by_id(user.id))
        found.append(await store.get_favorites(user.id))
        found.append(await pages(store, user.id))
        found.append(await store.list_folders(user.id))
        for section in SECTIONS:
            found.append(await store.list_section(user.id, section, first=5))
            found.append(await sectioned(store, user.id, section))
        found += [await store.list_threads(user.id, first=5, search=text) for text in NEEDLES]
        await keep_up(store)
        found += [await store.list_threads(user.id, first=1, search=text) for text in NEEDLES]
        found += [await store.search(user.id, text, first=5) for text in NEEDLES]
        found += [await store.list_threads(user.id, first=5, feedback=value) for value in (0, 1)]
    for thread in world.threads:
        found.append(await store.get_thread(thread))
        found.append(await store.get_thread_author(thread))
        found += [await store.get_element(thread, element) for element in world.elements]
    found += [await store.get_step(step) for step in world.steps]
    found += [await store.get_feedback_step(feedback) for feedback in feedbacks]
    waiting = [key for key in await store.list_removals(100_000) if key[:36] in world.threads]
    return typed([*found, sorted(waiting)])


def typed(value: Any) -> Any:
    """The value with the types of all that is in it: 1, 1.0 and True are equal, not the same."""
    if is_dataclass(value):
        return typed({item.name: getattr(value, item.name) for item in fields(value)})
    if isinstance(value, Mapping):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [typed(item) for item in value]
    return type(value), value


async def sectioned(store: Store, user_id: str, section: str) -> list[Any]:
    """A user's threads in a section, one on each page."""
    found, cursor = [], None
    while True:
        page = await store.list_section(user_id, section, first=1, after=cursor)
        found.append(page)
        if (cursor := page.next_cursor) is None:
            return found


async def pages(store: Store, user_id: str) -> list[Any]:
    """A user's threads, one on each page."""
    found, cursor = [], None
    while True:
        page = await store.list_threads(user_id, first=1, after=cursor)
        found.append(page)
        if (cursor := page.next_cursor) is None:
            return found
