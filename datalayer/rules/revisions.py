"""Which write a field's value is from: merging writes so that the order of arrival never matters.

A row keeps the newest revision applied to it, and beside it the revisions of those fields that are
from another write. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from datalayer.values import Json

NEVER = 0  # the revision of a field that no write has given
_WRITTEN_ONCE = "createdAt"


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
        if name == _WRITTEN_ONCE and known != NEVER:
            return revision < known
        return revision > known

    def note(self, names: Iterable[str], revision: int, universe: Iterable[str]) -> None:
        """Say that a write gave these fields their values."""
        known = {**dict.fromkeys(universe, self.newest), **self.others}
        known.update(dict.fromkeys(names, revision))
        self.newest = newest = max(self.newest, revision)
        self.others = {name: at for name, at in known.items() if at != newest}


def merge_fields(
    revisions: FieldRevisions, given: Mapping[str, Json], revision: int, universe: Iterable[str]
) -> dict[str, Json]:
    """Return those of a write's fields that it sets, and note them in `revisions`."""
    if revisions.newest == NEVER and not revisions.others:  # the first write sets all of them
        revisions.newest = revision
        revisions.others = {name: NEVER for name in universe if name not in given}
        return dict(given)
    taken = {name: value for name, value in given.items() if revisions.admits(name, revision)}
    revisions.note(taken, revision, universe)
    return taken
