"""Compares what is used of Chainlit with what is written down and with what is installed.

Nothing of the program is imported here: it may be what fails on another version.
"""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any

import chainlit

from tests.unit.patches.symbol_collector import EVENT, Uses
from tests.unit.patches.symbol_table import EVENTS, GROUPS, PARAMETERS, ROUTES

MODULES = (
    "chainlit.auth",
    "chainlit.config",
    "chainlit.data",
    "chainlit.oauth_providers",
    "chainlit.server",
    "chainlit.server.webbrowser",
    "chainlit.socket",
)  # all other names of `chainlit` are no modules
GONE: Any = object()
WHY: Mapping[str, str] = {
    **{symbol: group.why for group in GROUPS for symbol in group.symbols()},
    **{f"{EVENT}{name}": why for name, why in EVENTS.items()},
}


def complaints(uses: Uses) -> Iterator[str]:
    """Yield a sentence for each use of what is not written down, is not there, or is not as it was;
    and for what is written down for nobody.
    """
    for symbol, why in WHY.items():
        users = ", ".join(sorted(uses.get(symbol, ())))
        relied = f"{users or 'nobody'} relies on it: {why}."
        if not users:
            yield f"Nothing uses {symbol} any more: take it out of symbol_table.py."
        elif not _exists(symbol):
            yield f"Chainlit {chainlit.__version__} has no {symbol}. {relied}"
        elif (found := _parameters(symbol)) != (known := PARAMETERS.get(symbol, found)):
            changed = f"{symbol}({found}), no longer ({known})"
            yield f"Chainlit {chainlit.__version__} has {changed}. {relied}"
    for symbol in sorted(uses.keys() - WHY.keys()):
        users = ", ".join(sorted(uses[symbol]))
        yield f"{users} uses {symbol}: write down in symbol_table.py what for."
    for route in sorted(ROUTES.keys() - paths(_found("chainlit.server.router"))):
        yield f"Chainlit {chainlit.__version__} has no {route}. Before it, ours {ROUTES[route]}."


def paths(router: Any) -> set[str]:
    """Return methods and paths of a router of FastAPI's."""
    return {
        f"{method} {route.path}"
        for route in router.routes
        for method in getattr(route, "methods", None) or ()
    }


def _exists(symbol: str) -> bool:
    if symbol.startswith(EVENT):
        return symbol.removeprefix(EVENT) in _found("chainlit.server.sio.handlers")["/"]
    owner, _, name = symbol.rpartition(".")
    if owner.endswith("()"):
        return name in _attributes(_found(owner.removesuffix("()")))
    found = _found(symbol)
    return found is not GONE and issubclass(type(found), ModuleType) is (symbol in MODULES)


def _found(symbol: str) -> Any:
    """Return what has a dotted name: in the innermost module that has it."""
    parts = symbol.split(".")
    for inner in range(len(parts) - 1, 0, -1):
        found: Any = _module(".".join(parts[:inner]))
        for part in parts[inner:]:
            found = getattr(found, part, GONE)
        if found is not GONE:
            return found
    return GONE


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _attributes(owner: Any) -> set[str]:
    """Return what instances of a class have: methods, annotated fields, what methods assign."""
    if not inspect.isclass(owner):
        return set()
    own = owner.__mro__[:-1]
    annotated = {name for base in own for name in inspect.get_annotations(base)}
    return {*dir(owner), *annotated, *(name for base in own for name in _assigned(base))}


@cache
def _assigned(owner: type) -> set[str]:
    source = ast.parse(textwrap.dedent(inspect.getsource(owner)))
    attributes = (node for node in ast.walk(source) if isinstance(node, ast.Attribute))
    stored = (node for node in attributes if isinstance(node.ctx, ast.Store))
    return {node.attr for node in stored if ast.unparse(node.value) == "self"}


def _parameters(symbol: str) -> str:
    if symbol not in PARAMETERS:
        return ""
    is_event = symbol.startswith(EVENT)
    found = (
        _found("chainlit.server.sio.handlers")["/"][symbol.removeprefix(EVENT)]
        if is_event
        else _found(symbol)
    )
    return " ".join(inspect.signature(found).parameters)
