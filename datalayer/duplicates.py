"""What a copy of a thread, or of some of it, consists of: new ids, and the writes that make it.

Pure. Who else may read the thread is not taken along, nor that it is pinned or in the archive, but
its folder is where the copy has the same owner; feedback and what is a favourite is where all of
the thread is copied.
"""

import hashlib
import uuid
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from datalayer.fields import ELEMENT_FIELDS, SHARE, STEP_FIELDS
from datalayer.records import ElementRecord, StepRecord, ThreadRecord
from datalayer.sections import ARCHIVED, FOLDER, PINNED
from datalayer.siblings import HIDDEN, SIBLING_OF, shown
from datalayer.values import Json
from datalayer.writes import (
    DeleteElement,
    DeleteThread,
    FinishElement,
    SaveElement,
    SaveFeedback,
    SaveStep,
    SaveThread,
)

NextRevision = Callable[[], int]
Saves = SaveThread | SaveStep | SaveFeedback | SaveElement | FinishElement
Deletes = DeleteThread | DeleteElement | FinishElement

_NO_BYTES = hashlib.sha256().hexdigest()
# The copy is shared with nobody and somewhere in the list, beside what it is a copy of.
_NOT_COPIED = frozenset({*SHARE, PINNED, ARCHIVED})
_STREAMING, _INTERRUPTED = "streaming", "interrupted"  # states of an answer


def up_to(thread: ThreadRecord, step_id: str) -> ThreadRecord | None:
    """Return of a thread what is shown up to a step, with all of its run; None if that is not."""
    seen = shown(thread.steps)
    known = {step.id: step for step in seen}
    if step_id not in known:
        return None
    last = list(known).index(step_id)
    run = _run_of(known[step_id], known)
    steps = [
        step._replace(fields={**step.fields, HIDDEN: None})
        for place, step in enumerate(seen)
        if place <= last or run in _with_ancestors(step, known)
    ]
    kept = {step.id for step in steps}
    elements = [each for each in thread.elements if each.fields.get("forId") in kept]
    return replace(thread, steps=steps, elements=elements)


def for_its_owner(copied: ThreadRecord, original: ThreadRecord) -> ThreadRecord:
    """Return what is copied, for another owner without its folder, as folders are one's own."""
    if copied.owner == original.owner:
        return copied
    metadata = {key: it for key, it in copied.metadata.items() if key != FOLDER}
    return replace(copied, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCopy:
    """The key of an element's file, and that of its copy."""

    element_id: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """Steps and elements of a thread, and the ids that they get once more."""

    thread: ThreadRecord
    """What is copied."""
    home: str
    """The id of the thread that the copy is in."""
    name: str | None
    """The name of a thread that is new; None for elements that stay in their thread."""
    ids: Mapping[str, str]
    """The ids of the copy by those of what is copied."""
    is_whole: bool = False
    """Whether it is to stand for what is copied: with what its user thought of the answers."""

    @classmethod
    def new_thread(cls, thread: ThreadRecord, name: str, *, is_whole: bool = False) -> Self:
        """Copy all that is given into a thread of its own."""
        home, ids = str(uuid.uuid4()), _new_ids(thread)
        return cls(thread=thread, home=home, name=name, ids=ids, is_whole=is_whole)

    @classmethod
    def of_files(cls, thread: ThreadRecord, from_step: str, to_step: str) -> Self:
        """Copy the elements of one step to another in the same thread."""
        elements = [each for each in thread.elements if each.fields.get("forId") == from_step]
        own = replace(thread, steps=(), elements=elements)
        return cls(thread=own, home=thread.id, name=None, ids={from_step: to_step, **_new_ids(own)})

    @property
    def files(self) -> list[FileCopy]:
        """The files that belong to it."""
        return [
            FileCopy(element_id=each.id, source=key, target=f"{self.home}/{self.ids[each.id]}")
            for each in self.thread.elements
            if isinstance(key := each.fields.get("objectKey"), str)
        ]

    @property
    def elements(self) -> Sequence[ElementRecord]:
        """The elements that are copied."""
        return self.thread.elements

    @property
    def size(self) -> int:
        """How many bytes the files have, as far as that is stored."""
        return sum(each.size or 0 for each in self.thread.elements)

    def without(self, element_ids: Collection[str]) -> Self:
        """Return it without some of the elements that are copied."""
        elements = [each for each in self.thread.elements if each.id not in element_ids]
        return replace(self, thread=replace(self.thread, elements=elements))

    def writes(self, revision: NextRevision) -> list[Saves]:
        """Return what makes it, once its files are there. Times of creation stay."""
        targets = {file.element_id: file.target for file in self.files}
        elements = [
            write
            for element in self.thread.elements
            for write in self._element(element, targets.get(element.id), revision)
        ]
        steps = [self._step(step, revision) for step in self.thread.steps]
        return [*self._thread(revision), *steps, *self._feedback(revision), *elements]

    def deletes(self, revision: NextRevision) -> list[Deletes]:
        """Return what takes it back, whatever of it there is: files are recorded for removal."""
        found: list[Deletes] = [DeleteThread(id=self.home, revision=revision())]
        if self.name is None:
            found = [
                DeleteElement(id=self.ids[each.id], thread_id=self.home, revision=revision())
                for each in self.thread.elements
            ]
        return found + [self._drop(file, revision) for file in self.files]

    def _drop(self, file: FileCopy, revision: NextRevision) -> FinishElement:
        """Return what the contract takes for a file of a deleted element: it is to be removed."""
        return FinishElement(
            id=self.ids[file.element_id],
            thread_id=self.home,
            object_key=file.target,
            size=0,
            sha256=_NO_BYTES,
            revision=revision(),
        )

    def _thread(self, revision: NextRevision) -> list[SaveThread]:
        if self.name is None:
            return []
        thread = self.thread
        made = SaveThread(
            id=self.home,
            owner=thread.owner,
            name=self.name,
            tags=list(thread.tags),
            metadata={key: it for key, it in thread.metadata.items() if key not in _NOT_COPIED},
            revision=revision(),
        )
        return [made]

    def _step(self, step: StepRecord, revision: NextRevision) -> SaveStep:
        fields = self._fields(step.fields, STEP_FIELDS, "parentId")
        metadata = dict(step.fields.get("metadata") or {})  # type: ignore[arg-type]
        if metadata.get(SIBLING_OF) not in self.ids:  # the only one of its group that is copied
            metadata.pop(SIBLING_OF, None)
        if not self.is_whole:
            metadata.pop("favorite", None)
        if fields.pop("streaming", None) or metadata.get("state") == _STREAMING:
            metadata["state"] = _INTERRUPTED
        return SaveStep(
            id=self.ids[step.id],
            thread_id=self.home,
            owner=self.thread.owner,
            fields=fields | {"metadata": self._with_ids(metadata)},
            revision=revision(),
        )

    def _feedback(self, revision: NextRevision) -> Iterator[SaveFeedback]:
        found = [step.feedback for step in self.thread.steps if step.feedback and self.is_whole]
        for feedback in found:
            yield SaveFeedback(
                step_id=self.ids[feedback.step_id],
                thread_id=self.home,
                value=feedback.value,
                comment=feedback.comment,
                extra=feedback.extra,
                revision=revision(),
            )

    def _element(
        self, element: ElementRecord, target: str | None, revision: NextRevision
    ) -> Iterator[SaveElement | FinishElement]:
        fields = self._fields(element.fields, ELEMENT_FIELDS, "forId")
        fields.pop("chainlitKey", None)
        sha256 = element.sha256  # not known of what was adopted
        yield SaveElement(
            id=self.ids[element.id],
            thread_id=self.home,
            owner=self.thread.owner,
            fields=fields | ({"objectKey": target} if target else {}),
            ready=not (target and sha256),
            revision=revision(),
        )
        if target and sha256:
            yield FinishElement(
                id=self.ids[element.id],
                thread_id=self.home,
                object_key=target,
                size=element.size or 0,
                sha256=sha256,
                revision=revision(),
            )

    def _fields(
        self, stored: Mapping[str, Json], known: Container[str], reference: str
    ) -> dict[str, Any]:
        """Return what is given of the fields; `reference` names the known one that holds an id."""
        given: dict[str, Any] = {
            name: value if name in known else self._with_ids(value)
            for name, value in stored.items()
            if value is not None
        }
        if reference in given:
            given[reference] = self.ids.get(given[reference])
        return given

    def _with_ids(self, value: Json) -> Json:
        """Return a value with the ids of the copy wherever it names what was copied."""
        if isinstance(value, dict):
            return {key: self._with_ids(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._with_ids(each) for each in value]
        return self.ids.get(value, value) if isinstance(value, str) else value


def _new_ids(thread: ThreadRecord) -> dict[str, str]:
    copied = [row.id for row in thread.steps] + [row.id for row in thread.elements]
    return {row_id: str(uuid.uuid4()) for row_id in copied}


def _run_of(step: StepRecord, known: Mapping[str, StepRecord]) -> str:
    """Return the id of the run that a step is in, of the step itself where it is in none."""
    parent = known.get(str(step.fields.get("parentId")))
    return parent.id if parent and parent.fields.get("type") == "run" else step.id


def _with_ancestors(step: StepRecord, known: Mapping[str, StepRecord]) -> Iterator[str]:
    """Yield the id of a step and those above it; no parents of what is read form a circle."""
    found: StepRecord | None = step
    while found:
        yield found.id
        found = known.get(str(found.fields.get("parentId")))
