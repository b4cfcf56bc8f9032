"""Which write a field's value is from: merging writes so that the order of arrival never matters.

A row keeps the newest revision applied to it, and beside it the revisions of those fields that are
from another write. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from datalayer.records import Outcome
from datalayer.values import Json

NEVER = 0  # the revision of a field that no write has given
CREATED_AT = "createdAt"  # the one field of which the oldest value counts


@dataclass(slots=True)
class FieldRevisions:
    """The revisions of a row's fields: `newest`, but for those named in `others`."""

    newest: int = NEVER
    others: dict[str, int] = field(default_factory=dict)

    def of(self, name: str) -> int:
        """Return the revision of the write that gave a field its value."""
        return self.others.get(name, self.newest)

    def admits(self, name: str, revision: int) -> bool:
        """Tell whether a write may set a field: a newer one, for `createdAt` the oldest."""
        known = self.of(name)
        if name == CREATED_AT and known != NEVER:
            return revision < known
        return revision > known

    def merge(
        self, given: Mapping[str, Json], revision: int, universe: Iterable[str]
    ) -> dict[str, Json]:
        """Return those of a write's fields that it sets, and note them.

        `universe` names all fields that the row has.
        """
        if self.newest == NEVER and not self.others:  # the first write sets all of them
            self.newest = revision
            self.others = {name: NEVER for name in universe if name not in given}
            return dict(given)
        taken = {name: value for name, value in given.items() if self.admits(name, revision)}
        if taken or revision > self.newest:
            self._note(taken, revision, universe)
        return taken

    def _note(self, names: Iterable[str], revision: int, universe: Iterable[str]) -> None:
        known = {**dict.fromkeys(universe, self.newest), **self.others}
        known.update(dict.fromkeys(names, revision))
        self.newest = newest = max(self.newest, revision)
        self.others = {name: at for name, at in known.items() if at != newest}

    def outcome(self, given: Iterable[str], revision: int) -> Outcome:
        """Say what a write was that has changed nothing: stored before, or too old."""
        known = [self.of(name) for name in given if name != CREATED_AT]
        return outcome_of_unchanged(known, revision)


def outcome_of_unchanged(known: Iterable[int], revision: int) -> Outcome:
    """Say what a write was that has changed nothing, from the revisions of what it names.

    One that names nothing says nothing that is not stored.
    """
    revisions = list(known)
    return Outcome.REPEATED if not revisions or revision in revisions else Outcome.STALE


def next_within(revision: int, first: int, count: int) -> int | None:
    """Return the revision after one, if both are among the `count` from `first` on; else None."""
    return revision + 1 if first <= revision < first + count - 1 else None
