"""Feedback on steps."""

import pytest
from chainlit.types import Feedback

from datalayer.errors import WriteRefused
from datalayer.layer import KeepchatDataLayer
from tests.support.builders import new_id
from tests.support.layers import get, step_dict


async def test_feedback(layer: KeepchatDataLayer) -> None:
    given = step_dict(new_id(), output="x")
    await layer.create_step(given)
    first = await layer.upsert_feedback(Feedback(forId=given["id"], value=0, comment="no"))
    again = await layer.upsert_feedback(
        Feedback(forId=given["id"], threadId=given["threadId"], value=1, id=first)
    )
    assert first == again
    [found] = (await get(layer, given["threadId"]))["steps"]
    assert found["feedback"] == {"id": first, "forId": given["id"], "value": 1, "comment": None}
    assert await layer.delete_feedback(first) is True
    assert await layer.delete_feedback(first) is False
    assert (await get(layer, given["threadId"]))["steps"][0]["feedback"] is None


async def test_feedback_on_a_step_that_is_not_there(layer: KeepchatDataLayer) -> None:
    given = step_dict(new_id(), output="x")
    await layer.create_step(given)
    with pytest.raises(ValueError, match="no step"):
        await layer.upsert_feedback(Feedback(forId=new_id(), value=1))
    with pytest.raises(WriteRefused):
        await layer.upsert_feedback(Feedback(forId=given["id"], threadId=new_id(), value=1))
