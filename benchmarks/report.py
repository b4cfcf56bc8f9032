"""What was measured, as Markdown: printed, and written into `docs/benchmarks.md`. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.timing import Sample

BEGIN = "<!-- measured by `make bench` -->"
END = "<!-- end of what was measured -->"
PICTURE = "![How many times longer than Keepchat the others take](images/benchmarks.svg)"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal, and whether it is met."""

    what: str
    goal: str
    measured: str
    met: bool


@dataclass(slots=True)
class Table:
    """Rows below a header; the first column is text, the others are numbers."""

    header: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)


@dataclass(slots=True)
class Part:
    """One part of the benchmark."""

    title: str
    note: str = ""
    tables: list[Table] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)
    """How many times as long as ours the other layers take, for the plot."""

    def compare(self, samples: Mapping[str, Sample], ours: str) -> Table:
        """Add a table of layers: median, p95, and the median as a multiple of ours."""
        table = Table(("layer", "median", "p95", "to ours", "rounds"))
        for name, sample in samples.items():
            ratio = sample.median / samples[ours].median
            cells = (duration(sample.median), duration(sample.p95), f"{ratio:.2f}x")
            table.rows.append((name, *cells, str(len(sample.seconds))))
            if name != ours:
                self.ratios[name] = ratio
        self.tables.append(table)
        return table

    def at_least(self, what: str, ratio: float, goal: float) -> None:
        """Judge a ratio that should be large."""
        met = ratio >= goal
        self.verdicts.append(Verdict(what, f"at least {goal:g}x", f"{ratio:.2f}x", met))

    def at_most(self, what: str, ratio: float, goal: float) -> None:
        """Judge a ratio that should be small."""
        met = ratio <= goal
        self.verdicts.append(Verdict(what, f"at most {goal:g}x", f"{ratio:.2f}x", met))

    def within(self, what: str, seconds: float, limit: float) -> None:
        """Judge a time that should be short; both in seconds."""
        met = seconds <= limit
        self.verdicts.append(Verdict(what, f"at most {duration(limit)}", duration(seconds), met))

    def check(self, what: str, goal: str, measured: str, met: bool) -> None:
        """Judge what is no time."""
        self.verdicts.append(Verdict(what, goal, measured, met))


def duration(seconds: float) -> str:
    """Return a time for people, three digits of it."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1_000:.{2 if seconds < 0.01 else 1}f} ms"


def verdicts(parts: Iterable[Part]) -> Table:
    """Return the goals beside what was measured."""
    table = Table(("what", "goal", "measured", ""))
    for part in parts:
        for verdict in part.verdicts:
            outcome = "met" if verdict.met else "**not met**"
            table.rows.append((verdict.what, verdict.goal, verdict.measured, outcome))
    return table


def render(table: Table) -> str:
    """Return a table, its columns aligned."""
    lines = [table.header, *table.rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(table.header))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in map(_at_least_two, widths[1:]))]
    return "\n".join(_line(line, widths) for line in (table.header, rule, *table.rows))


def _at_least_two(width: int) -> int:
    return max(2, width)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    numbers = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
    return f"| {' | '.join((cells[0].ljust(widths[0]), *numbers))} |"


def section(part: Part) -> str:
    """Return a part as a section of a page."""
    pieces = [f"## {part.title}", part.note, *map(render, part.tables)]
    return "\n\n".join(piece for piece in pieces if piece)


def page(machine: str, parts: Sequence[Part]) -> str:
    """Return where it was measured, the plot, the goals and all parts."""
    goals = f"## Goals\n\n{render(verdicts(parts))}"
    return "\n\n".join((machine, PICTURE, goals, *map(section, parts)))


def insert_into(document: str, measured: str) -> str:
    """Return a document with what stands between the markers replaced.

    Raises ValueError when the markers are not there.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"The lines {BEGIN!r} and {END!r} have to be in the document."
        raise ValueError(message)
    return f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}"
