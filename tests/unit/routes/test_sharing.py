"""What of a thread those see with whom it is shared."""

from typing import Any

import pytest

from datalayer.records import ElementRecord, FeedbackRecord, StepRecord, ThreadRecord
from routes.sharing import as_copied, as_shared


def shared(**step: Any) -> dict[str, Any]:
    given = {"id": "s", "type": "assistant_message", "output": "x", "revision": 1, **step}
    thread = {"id": "t", "name": "x", "createdAt": "", "steps": [given], "elements": []}
    [shown] = as_shared(thread)["steps"]
    return dict(shown)


def test_of_an_answer_it_is_told_how_it_ended_by_which_model_and_no_more() -> None:
    metadata = {"state": "stopped", "model": "m", "usage": {}, "icon": "brain", "siblings": ["s"]}
    told = shared(metadata=metadata)
    assert told["metadata"] == {"icon": "brain", "state": "stopped", "model": "m"}
    assert "revision" not in told


@pytest.mark.parametrize("step", [{"type": "user_message"}, {"type": "llm"}, {"isError": True}])
def test_of_what_is_no_answer_it_is_not(step: Any) -> None:
    assert shared(metadata={"state": "stopped"}, **step)["metadata"] == {}


@pytest.mark.parametrize("metadata", [None, {}, "odd"])
def test_of_an_old_answer_there_is_nothing_to_tell(metadata: Any) -> None:
    assert shared(metadata=metadata)["metadata"] == {}


def record(*steps: StepRecord, **given: Any) -> ThreadRecord:
    about: dict[str, Any] = {
        "id": "t",
        "created_at": "2026-01-01T00:00:00.000000Z",
        "updated_at": "2026-01-01T00:00:00.000000Z",
        "name": "A name",
        "user_id": "1",
        "owner": "anna",
        "tags": ["hers"],
        "metadata": {"is_shared": True, "chat_settings": {"system_prompt": "hers"}},
    }
    return ThreadRecord(**about | {"steps": steps} | given)


def step(step_id: str, **fields: Any) -> StepRecord:
    feedback = FeedbackRecord(id="f", step_id=step_id, thread_id="t", value=1, comment="hers")
    return StepRecord(step_id, "t", 1, fields, feedback)


def test_a_copy_has_what_its_reader_sees_and_their_name() -> None:
    about = {"favorite": True, "location": "here", "refused": ["q"], "state": "done"}
    asked = step("q", type="user_message", name="anna", output="x", metadata=about, tags=["hers"])
    elements = [
        ElementRecord(id=it, thread_id="t", revision=1, fields={"forId": it, "objectKey": it})
        for it in ("q", "elsewhere")
    ]
    copy = as_copied(record(asked, elements=elements), "bob")
    assert copy
    [copied] = copy.steps
    assert copied.feedback is None
    assert copied.fields["metadata"] == {"refused": ["q"], "state": "done"}
    assert (copied.fields["name"], copied.fields["output"]) == ("bob", "x")
    assert [dict(each.fields) for each in copy.elements] == [{"forId": "q", "objectKey": "q"}]
    assert (copy.owner, copy.name, copy.tags, copy.metadata) == ("bob", "A name", (), {})
    assert "hers" not in str(copy)


def test_of_what_is_hidden_nothing_is_copied() -> None:
    run = {"type": "run", "name": "on_message", "parentId": "q", "metadata": {}}
    asked = step("q", type="user_message", metadata={})
    answers = [
        step(one, **run, hidden=one == "first", createdAt=f"2026-01-0{number}")
        for number, one in enumerate(("first", "second"), 1)
    ]
    said = [step(f"of {it.id}", type="assistant_message", parentId=it.id) for it in answers]
    copy = as_copied(record(asked, answers[0], said[0], answers[1], said[1]), "bob")
    assert copy
    assert [it.id for it in copy.steps] == ["q", "second", "of second"]


@pytest.mark.parametrize("metadata", [{}, {"is_shared": False}, {"is_shared": "yes"}])
def test_what_is_not_shared_is_not_copied(metadata: Any) -> None:
    assert as_copied(record(metadata=metadata), "bob") is None
