"""The plot of the benchmarks: how many times longer than Keepchat the other layers take."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import Part

_COLOURS = ("#c2571a", "#7a5195", "#7f8c8d")
_INK = "#333333"
_SETTINGS: Any = {
    "svg.hashsalt": "keepchat",  # the same ids in every run
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def draw(parts: Sequence[Part], path: Path) -> None:
    """Write the plot of all parts that compare layers; the same measurements give the same file."""
    # Only who writes the plot waits for the library.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    compared = [part for part in parts if part.ratios]
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(8, 1 + 1.1 * len(compared)), layout="constrained")
        axes = figure.subplots()
        for row, part in enumerate(compared):
            _bars(axes, row, part)
        _label(axes, compared)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None})


def _bars(axes: Any, row: int, part: Part) -> None:
    for (name, ratio), offset, colour in zip(
        part.ratios.items(), _offsets(len(part.ratios)), _COLOURS, strict=False
    ):
        label = name if row == 0 else None
        y = row + offset
        # From 1, "as long as Keepchat", to the right where the layer is slower.
        axes.barh(y, ratio - 1, 0.22, left=1, color=colour, label=label)
        side, shift = ("left", 4) if ratio >= 1 else ("right", -4)
        axes.annotate(
            f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.2f}x",
            (ratio, y),
            xytext=(shift, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=8,
        )


def _offsets(count: int) -> Iterator[float]:
    return ((index - (count - 1) / 2) * 0.25 for index in range(count))


def _label(axes: Any, parts: Sequence[Part]) -> None:
    axes.set_xscale("log")
    axes.axvline(1, color=_INK, linewidth=1)
    axes.set_yticks(range(len(parts)), [part.title for part in parts])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter(lambda value, _position: f"{value:,g}x")
    axes.set_xlabel("time taken, as a multiple of Keepchat's (log scale; right of 1: slower)")
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.figure.legend(loc="outside upper center", ncols=3, frameon=False)
