"""The modules of the page depend on each other in one direction."""

import re
from graphlib import TopologicalSorter
from pathlib import Path

from tests.support.page.application import PROJECT

PAGE = PROJECT / "public" / "page"
IMPORT = re.compile(r'^(?:import|export) [^;]*?"(\.[^"]+)";', re.MULTILINE)


def imported(module: Path) -> set[Path]:
    """The modules that a module imports."""
    return {(module.parent / it).resolve() for it in IMPORT.findall(module.read_text("utf-8"))}


def test_no_module_imports_one_that_imports_it() -> None:
    graph = {module.resolve(): imported(module) for module in PAGE.rglob("*.js")}
    assert sum(map(len, graph.values())) > len(graph)
    TopologicalSorter(graph).prepare()  # raises CycleError, which names them
