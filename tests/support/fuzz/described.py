"""Requests that Schemathesis makes of what OpenAPI has to say of a route."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import schemathesis
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

# Which fields and parameters name what; no generator would guess an id.
FIELDS = {
    "thread": ("threadId", "thread_id"),
    "session": ("sessionId", "session_id"),
    "element": ("element_id", "id"),
    "step": ("forId",),
    "feedback": ("feedbackId",),
    "upload": ("file_id",),
}
KINDS = {field: kind for kind, fields in FIELDS.items() for field in fields}
ENDS = ("POST /logout", "DELETE /keepchat/account/sessions")  # what whoever asks goes on with
LAST = ("DELETE /feedback", "DELETE /project/thread")  # then less is there
_numbers = count()


@dataclass(frozen=True, slots=True)
class Described:
    """A request, and who sends it."""

    who: str
    case: Case[Any]


def described_requests(
    description: dict[str, Any], people: Sequence[str], things: Sequence[Mapping[str, str]]
) -> Iterator[SearchStrategy[Described]]:
    """Return, for each operation, its requests: of the form that it asks for, and of others.

    They name `things` by their kinds, most often the first, which are the sender's own.
    """
    found = schemathesis.openapi.from_dict(description).get_all_operations()
    operations = [one.ok() for one in found if isinstance(one, Ok)]
    for operation in sorted(operations, key=lambda one: one.label in LAST):
        for mode in GenerationMode:
            yield _named(operation.as_strategy(mode), people, things)


@st.composite
def _named(
    draw: DrawFn,
    cases: SearchStrategy[Case[Any]],
    people: Sequence[str],
    things: Sequence[Mapping[str, str]],
) -> Described:
    """Draw a request that often names what there is; the owner only reads."""
    case = draw(cases)
    named = draw(st.sampled_from([things[0], *things, {}]))
    for part in (case.path_parameters, case.query, case.body):
        _name(part, named)
    reads = case.method.upper() in ("GET", "HEAD")
    ends = f"{case.method.upper()} {case.path}".startswith(ENDS)
    able = [one for one in people if (reads or one != "anna") and not (ends and one == "bob")]
    return Described(draw(st.sampled_from(able)), case)


def _name(part: Any, named: Mapping[str, str]) -> None:
    for name, value in part.items() if isinstance(part, dict) else ():
        if name in KINDS and named:
            part[name] = named[KINDS[name]]
        elif name == "username" and isinstance(value, str):
            part[name] = f"{next(_numbers)}{value}"  # who fails often under one name has to wait
        else:
            _name(value, named)
