"""What holds in rich text for a while: until a group or a field ends."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from chat.attachments.reading.documents.rtf.lines import Lines
from chat.attachments.results import RemarkKind

_ADDRESS = re.compile(r'HYPERLINK\s+"?(\w+:[^"\s]+)')
_SHOWN_AS_IT_IS = 25  # of a form's box: by its default


@dataclass(slots=True)
class Field:
    """What is known of a field, such as a link or a form's box."""

    instructions: str = ""
    kind: int | None = None
    result: int | None = None
    default: int = 0
    entries: list[str] = field(default_factory=list)

    def shown(self, text: str) -> str:
        """Return what stands behind the field's own text: an address, a tick, what is chosen."""
        if found := _ADDRESS.search(self.instructions):
            return "" if found[1].rstrip("/") in text else f" ({found[1]})"
        is_default = self.result is None or self.result == _SHOWN_AS_IT_IS
        chosen = self.default if is_default else int(self.result or 0)
        if self.kind == 1:
            return "☑" if chosen else "☐"
        return self.entries[chosen] if self.kind == 2 and chosen in range(len(self.entries)) else ""


@dataclass(slots=True)
class Group:
    """What holds until a group ends. Text goes into `lines`, where there are any."""

    lines: Lines | None
    name: str = ""  # of what it is aside from the text
    table: str = ""  # the table of fonts or styles that it is within
    is_dead: bool = False
    is_deleted: bool = False
    is_hidden: bool = False
    is_struck: bool = False
    in_table: bool = False
    is_inner_row: bool = False  # whether it describes a row of a table within a cell
    level: int = 0  # of a list
    heading: int = 0
    fallback: int = 1  # bytes that stand in for a character of Unicode
    script: str = ""  # for which of a run's fonts what follows is
    fonts: Mapping[str, int] = field(default_factory=dict)

    def describe_row(self, edge: int | None = None) -> None:
        """Note where the next cell of a row ends; None begins the row."""
        if self.lines is None or self.is_inner_row:
            return
        if edge is None:
            self.lines.edges = []
        else:
            self.lines.edges.append(edge)

    @property
    def unseen(self) -> RemarkKind | None:
        """Why its text is left out, if it is."""
        if self.is_deleted:
            return RemarkKind.DELETED_TEXT
        return RemarkKind.HIDDEN_TEXT if self.is_hidden else None
