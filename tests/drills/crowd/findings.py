"""What people were shown beside what is stored."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import aiohttp

from datalayer.stores.base import Store
from tests.drills.crowd.person import Asked, Person

BEHIND_S = 2.0  # as far as what is stored may be behind what was shown


@dataclass
class Findings:
    """What is not as people were shown it, each in a sentence, and how much there was of all."""

    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in self.counts.items())


class Conversation:
    """One person's conversation as it is stored."""

    def __init__(self, steps: Sequence[Mapping[str, Any]]) -> None:
        self.messages = [step for step in steps if step["type"].endswith("_message")]
        self.texts = Counter(str(step["output"]) for step in self._of("user_message"))
        self.order = [str(step["output"]) for step in self._of("user_message")]
        self._by_id = {step["id"]: step for step in steps}

    def _of(self, kind: str) -> list[Mapping[str, Any]]:
        return [step for step in self.messages if step["type"] == kind]

    def answers_of(self, asked: Asked) -> list[Mapping[str, Any]]:
        """The messages below a question."""
        found = self._of("assistant_message")
        return [it for it in found if self._is_below(it, asked.id) and not it.get("isError")]

    def _is_below(self, step: Mapping[str, Any], question_id: str) -> bool:
        above: Mapping[str, Any] | None = step
        while above and (parent := above.get("parentId")):
            if parent == question_id:
                return True
            above = self._by_id.get(parent)
        return False


async def findings_of(people: Sequence[Person], store: Store) -> Findings:
    """Compare all that people were shown with what a store has."""
    found = Findings()
    for person in people:
        thread = await store.get_thread(person.thread_id) if person.thread_id else None
        steps = [{"id": it.id, **it.fields} for it in thread.steps] if thread else []
        for sentence in _of_person(person, Conversation(steps), found.counts):
            found.wrong.append(f"{person.name}: {sentence}")
    return found


def _of_person(person: Person, stored: Conversation, counts: Counter[str]) -> Iterator[str]:
    accepted = [asked for asked in person.asked if asked.is_accepted]
    counts["questions answered"] += len(accepted)
    counts["of them to the end"] += sum(asked.is_done for asked in accepted)
    counts["questions refused or cut off"] += sum(not asked.shown for asked in person.asked)
    counts["questions that were said not to be saved"] += sum(it.is_unsaved for it in person.asked)
    for text, count in stored.texts.items():
        if count > 1:
            yield f"doubled: {text!r} stands there {count} times"
    wanted = [asked.text for asked in accepted]
    yield from (f"lost: {text!r}" for text in wanted if not stored.texts[text])
    places = [stored.order.index(text) for text in wanted if stored.texts[text]]
    if any(after < before for before, after in pairwise(places)):
        yield f"out of order: {stored.order}"
    for asked in accepted:
        yield from _of_answer(asked, stored.answers_of(asked))


def _of_answer(asked: Asked, answers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if len(answers) > 1:
        yield f"doubled: {asked.text!r} has {len(answers)} answers"
    text = str(answers[0]["output"]) if answers else ""
    if asked.is_done and text.strip() != asked.shown.strip():
        yield f"changed: {asked.text!r} has {text!r}, and shown was {asked.shown!r}"
    elif not (asked.shown.startswith(text) or text.startswith(asked.shown)):
        yield f"not a part: {asked.text!r} has {text!r}, and shown was {asked.shown!r}"
    elif asked.broken_at and not text.startswith(asked.shown_by(asked.broken_at - BEHIND_S)):
        yield f"behind: {asked.text!r} has {text!r}, and shown was {asked.shown!r}"


async def lost_files(url: str, people: Sequence[Person]) -> Findings:
    """Compare the files that were sent with what the program gives of them."""
    found = Findings()
    for person in people:
        sent = {
            name: data for it in person.asked if it.is_accepted for name, data in it.files.items()
        }
        async with aiohttp.ClientSession(headers=person.headers) as http:
            elements = await person.elements(http)
            for name, content in sent.items():
                found.counts["files"] += 1
                if not await _is_there(http, url, elements.get(name), content):
                    found.wrong.append(f"{person.name}: the file {name} is lost")
    return found


async def _is_there(
    http: aiohttp.ClientSession, url: str, element: Mapping[str, Any] | None, content: bytes
) -> bool:
    if element is None or not element.get("url"):
        return False
    address = str(element["url"])
    async with http.get(address if "://" in address else f"{url}{address}") as reply:
        return reply.ok and await reply.read() == content
