"""What the turns of a thread have shown and a store may not have yet. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MESSAGES = ("user_message", "assistant_message")


@dataclass(slots=True)
class _Step:
    """A step as a page has it; what streams in is put together when it is asked for."""

    fields: dict[str, Any]
    pieces: list[str] = field(default_factory=list)

    def add(self, data: Mapping[str, Any]) -> None:
        name = _growing(data)
        if data.get("isSequence") or name == "input":
            before = "" if data.get("isSequence") else self.fields.get(name) or ""
            self.fields[name] = before + data["token"]
            if name == "output":
                self.pieces.clear()
        else:
            self.pieces.append(data["token"])

    def as_dict(self) -> dict[str, Any]:
        if self.pieces:
            self.fields["output"] = (self.fields.get("output") or "") + "".join(self.pieces)
            self.pieces.clear()
        return dict(self.fields)


class Mirror:
    """Takes the events that pages are sent, and knows what a page shows that had them all."""

    def __init__(self) -> None:
        self._steps: dict[str, _Step] = {}
        self._elements: dict[str, dict[str, Any]] = {}
        self._removed: set[str] = set()

    def apply(self, event: str, data: Mapping[str, Any]) -> None:
        """Take one event; what shows nothing changes nothing."""
        match event:
            case "new_message" | "stream_start" | "update_message":
                self._steps[data["id"]] = _Step(dict(data))
                self._removed.discard(data["id"])
            case "stream_token" if data["id"] in self._steps:
                self._steps[data["id"]].add(data)
            case "delete_message":
                self._remove(data["id"])
            case "element":
                self._elements[data["id"]] = dict(data)
            case "remove_element":
                self._elements.pop(data["id"], None)

    def _remove(self, step_id: str) -> None:
        self._removed.add(step_id)
        self._steps.pop(step_id, None)
        below = [it for it, step in self._steps.items() if step.fields.get("parentId") == step_id]
        for child_id in below:
            self._remove(child_id)

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps, each after its parent, as pages show them now."""
        return [step.as_dict() for step in self._steps.values()]

    @property
    def step_ids(self) -> list[str]:
        """The ids of the steps, in the same order."""
        return list(self._steps)

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what makes a page show the same, whatever of it it shows already."""
        removed = [("delete_message", {"id": step_id}) for step_id in self._removed]
        steps = [("new_message", step) for step in self.steps]
        return [*removed, *steps, *(("element", element) for element in self.elements)]

    @property
    def elements(self) -> list[dict[str, Any]]:
        """The elements that whoever opens the thread can load."""
        return [one for one in self._elements.values() if one.get("url")]

    @property
    def last_message(self) -> dict[str, Any] | None:
        """The question, the answer or the error that was shown last."""
        messages = [step for step in self._steps.values() if step.fields["type"] in MESSAGES]
        return messages[-1].as_dict() if messages else None

    def over(self, thread: Mapping[str, Any]) -> dict[str, Any]:
        """Return a thread as it was read, with what has been shown in the place of what was stored.

        It has steps and elements as Chainlit has them.
        """
        return {
            **thread,
            "steps": self._over(thread["steps"], self.steps, self._gone(thread["steps"])),
            "elements": self._over(thread["elements"] or [], self.elements, frozenset()),
        }

    def _gone(self, stored: list[dict[str, Any]]) -> set[str]:
        gone = set(self._removed)
        for step in stored:  # each after its parent
            if step.get("parentId") in gone and step["id"] not in self._steps:
                gone.add(step["id"])
        return gone

    def _over(
        self,
        stored: list[dict[str, Any]],
        shown: list[dict[str, Any]],
        gone: set[str] | frozenset[str],
    ) -> list[dict[str, Any]]:
        by_id = {one["id"]: one for one in shown}
        kept = [by_id.pop(one["id"], one) for one in stored if one["id"] not in gone]
        return [*kept, *by_id.values()]


def _growing(data: Mapping[str, Any]) -> str:
    return "input" if data.get("isInput") else "output"
