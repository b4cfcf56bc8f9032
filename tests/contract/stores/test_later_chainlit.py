"""What a later Chainlit says and we have no column for comes back, through the data layer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from chainlit import CustomElement, Image
from chainlit.element import ElementDict
from chainlit.step import StepDict
from chainlit.types import Feedback

from datalayer.layer import KeepchatDataLayer
from storage.local.storage import LocalStorage
from tests.support.backends import Backend
from tests.support.builders import new_id
from tests.support.chainlits import in_session

LATER = {"tokens": 5, "nested": {"a": [1, 2.5, None, "ü"]}, "none": None, "yes": True}


@dataclass
class LaterFeedback(Feedback):
    strategy: str = "stars"
    details: dict[str, Any] = field(default_factory=lambda: dict(LATER))


class LaterImage(Image):
    def to_dict(self) -> ElementDict:
        return cast(ElementDict, {**super().to_dict(), "later": LATER, "alt": "a cat"})


class LaterCustom(CustomElement):
    def to_dict(self) -> ElementDict:
        return cast(ElementDict, {**super().to_dict(), "later": LATER})


@pytest.fixture
async def layer(backend: Backend, tmp_path: Path) -> AsyncIterator[KeepchatDataLayer]:
    store = await backend.open_migrated()
    opened = KeepchatDataLayer(store, LocalStorage(tmp_path / "files"))
    yield opened
    await opened.close()


def step(thread_id: str, **fields: Any) -> StepDict:
    given = {"id": new_id(), "threadId": thread_id, "type": "run", "name": "x", "output": "o"}
    return cast(StepDict, {**given, **fields})


async def thread(layer: KeepchatDataLayer, thread_id: str) -> Any:
    found = await layer.get_thread(thread_id)
    assert found
    return found


async def test_of_a_step(layer: KeepchatDataLayer) -> None:
    given = step(new_id(), later=LATER, mood="calm")
    await layer.create_step(given)
    await layer.update_step({**step(given["threadId"]), "id": given["id"], "mood": "brisk"})  # type: ignore[typeddict-unknown-key]
    [found] = (await thread(layer, given["threadId"]))["steps"]
    assert found["later"] == LATER
    assert found["mood"] == "brisk"


async def test_of_elements(layer: KeepchatDataLayer) -> None:
    home = step(new_id())
    await layer.create_step(home)
    with in_session(home["threadId"]):
        image = LaterImage(name="i", content=b"bytes", thread_id=home["threadId"])
        custom = LaterCustom(name="C", props={"p": 1}, thread_id=home["threadId"])
    for element in (image, custom):
        element.for_id = home["id"]
        await layer.create_element(element)
    for element in (image, custom):
        found = cast(Any, await layer.get_element(home["threadId"], element.id))
        assert found["later"] == LATER
    of_thread = {each["id"]: each for each in (await thread(layer, home["threadId"]))["elements"]}
    assert of_thread[image.id]["alt"] == "a cat"
    assert of_thread[custom.id]["later"] == LATER


async def test_of_a_feedback(layer: KeepchatDataLayer) -> None:
    given = step(new_id())
    await layer.create_step(given)
    said = LaterFeedback(forId=given["id"], value=1, comment="good")
    feedback_id = await layer.upsert_feedback(said)
    said.details["none"] = "changed afterwards"
    [found] = (await thread(layer, given["threadId"]))["steps"]
    assert found["feedback"] == {
        "id": feedback_id,
        "forId": given["id"],
        "value": 1,
        "comment": "good",
        "strategy": "stars",
        "details": LATER,
    }
    again = LaterFeedback(forId=given["id"], value=0, id=feedback_id, strategy="thumbs")
    assert await layer.upsert_feedback(again) == feedback_id
    [found] = (await thread(layer, given["threadId"]))["steps"]
    assert (found["feedback"]["value"], found["feedback"]["strategy"]) == (0, "thumbs")
