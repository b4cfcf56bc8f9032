"""Finds in our code what it uses of Chainlit: imports, attributes, and what is replaced by name.

A symbol is a dotted name; `Class().name` is an attribute of an instance. What something is, is told
by imports, annotations, calls of classes, and by `GIVES` where the code does not say. What is not
found here is still checked by mypy, as Chainlit is annotated.
"""

import ast
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

ROOMS = ("access", "bootstrap", "chat", "cli", "common", "datalayer", "patches", "routes")

CONTEXT = "chainlit.context.ChainlitContext()"
SESSION = "chainlit.session.WebsocketSession()"
EMITTER = "chainlit.emitter.ChainlitEmitter()"
MESSAGE = "chainlit.message.Message()"
USER = "chainlit.user.User()"

GIVES: Mapping[str, str] = {
    "chainlit.context": CONTEXT,
    "chainlit.context.init_ws_context()": CONTEXT,
    f"{CONTEXT}.session": SESSION,
    f"{CONTEXT}.emitter": EMITTER,
    f"{EMITTER}.session": SESSION,
    "chainlit.session.WebsocketSession.get()": SESSION,
    "chainlit.session.WebsocketSession.get_by_id()": SESSION,
    "chainlit.Message()": MESSAGE,
    "chainlit.User()": USER,
    "chainlit.auth.jwt.decode_jwt()": USER,
    "chainlit.context.context_var.get()": CONTEXT,
}
ITEMS: Mapping[str, str] = {
    "chainlit.session.ws_sessions_id.values()": SESSION,
    "chainlit.chat_context.chat_context.get()": MESSAGE,
}
FOREIGN = ("chainlit.server.app",)  # an application of FastAPI's
REPLACING = ("replace", "wrap")  # our own functions, which replace what they name
EVENT = "event "

Uses = Mapping[str, set[str]]
"""Symbols, each with the files that use it."""


def collect(root: Path) -> tuple[Uses, Uses]:
    """Return what the program uses, and what of it it replaces."""
    used: dict[str, set[str]] = defaultdict(set)
    replaced: dict[str, set[str]] = defaultdict(set)
    paths = [root / "app.py", *(path for room in ROOMS for path in (root / room).rglob("*.py"))]
    sources = {path: path.read_text(encoding="utf-8") for path in paths}
    for path, source in sources.items():
        if not any(word in source for word in ("chainlit", "wrap")):
            continue  # most files, and to look through one takes a while
        collector = Collector(source)
        for found, kept in ((collector.used, used), (collector.replaced, replaced)):
            for symbol in found:
                kept[symbol].add(str(path.relative_to(root)))
    return used, replaced


class Collector(ast.NodeVisitor):
    """What one module uses, and what it replaces by an assignment or by a function of ours."""

    def __init__(self, source: str) -> None:
        self.used: set[str] = set()
        self.replaced: set[str] = set()
        self._scopes: list[dict[str, str]] = [{}]
        self._classes: list[dict[str, str]] = []
        self.visit(ast.parse(source))

    # What names stand for

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.partition(".")[0] == "chainlit":
                self._bind(alias.asname or "chainlit", alias.name if alias.asname else "chainlit")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module and node.module.partition(".")[0] == "chainlit":
            for alias in node.names:
                symbol = f"{node.module}.{alias.name}"
                self._record(symbol)
                self._bind(alias.asname or alias.name, symbol)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        self._scopes.append({})
        for argument in given:
            self._bind(argument.arg, self._instance(argument.annotation))
        self.generic_visit(node)
        self._scopes.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        scope: dict[str, str] = {}
        self._scopes.append(scope)
        self._classes.append(scope)
        # First what tells what the attributes are.
        node.body.sort(key=lambda item: getattr(item, "name", "__init__") != "__init__")
        self.generic_visit(node)
        self._scopes.pop()
        self._classes.pop()

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            self._bind(ast.unparse(target), self._resolve(node.value))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.generic_visit(node)
        found = self._instance(node.annotation)
        self._bind(ast.unparse(node.target), found)
        if self._classes and self._classes[-1] is self._scopes[-1]:
            self._bind(f"self.{ast.unparse(node.target)}", found)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.generic_visit(node)
        self._bind(ast.unparse(node.target), self._resolve(node.value))

    def visit_For(self, node: ast.For) -> None:
        self._bind_items(node.target, node.iter)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._bind_items(node.target, node.iter)
        self.generic_visit(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp | ast.ListComp | ast.SetComp) -> None:
        for generator in node.generators:
            self.visit(generator)
        self.visit(node.elt)

    visit_ListComp = visit_SetComp = visit_GeneratorExp  # noqa: N815

    # What is used

    def visit_Attribute(self, node: ast.Attribute) -> None:
        symbol = self._resolve(node)
        # What a session holds is set by whoever has the session.
        if isinstance(node.ctx, ast.Store) and symbol and "()" not in symbol:
            self.replaced.add(symbol)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in REPLACING:
            owner = self._resolve(node.args[0])
            given = node.args if owner or name == "wrap" else []  # not of the libraries beneath
            for replaced in filter(None, map(_text, given)):
                symbol = f"{owner}.{replaced}" if owner else EVENT + replaced
                self._record(symbol)
                self.replaced.add(symbol)
        self.generic_visit(node)

    def _resolve(self, node: ast.expr | None) -> str:
        """Return the symbol that an expression stands for, empty for what is not Chainlit's."""
        if isinstance(node, ast.Name):
            return self._look_up(node.id)
        if isinstance(node, ast.Attribute):
            if own := self._look_up(ast.unparse(node)):
                return own
            base = self._resolve(node.value)
            return self._record(f"{base}.{node.attr}") if _is_chainlits(base) else ""
        if isinstance(node, ast.Call):
            called = self._resolve(node.func)
            return GIVES.get(f"{called}()", f"{called}()") if called else ""
        if isinstance(node, ast.Await):
            return self._resolve(node.value)
        return ""

    def _instance(self, annotation: ast.expr | None) -> str:
        """Return what an annotation says that a value is."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = ast.parse(annotation.value, mode="eval").body
        if isinstance(annotation, ast.BinOp):
            return self._instance(annotation.left) or self._instance(annotation.right)
        found = self._resolve(annotation)
        return GIVES.get(f"{found}()", f"{found}()") if found else ""

    def _record(self, symbol: str) -> str:
        self.used.add(symbol)
        return GIVES.get(symbol, symbol)

    def _look_up(self, name: str) -> str:
        return next((scope[name] for scope in reversed(self._scopes) if name in scope), "")

    def _bind(self, name: str, symbol: str) -> None:
        scope = (self._classes if name.startswith("self.") else self._scopes)[-1]
        if symbol or name in scope:
            scope[name] = symbol

    def _bind_items(self, target: ast.expr, source: ast.expr) -> None:
        found = self._resolve(source)
        self._bind(ast.unparse(target), ITEMS.get(found, ""))


def _text(node: ast.expr) -> str:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return ast.literal_eval(node) if is_text else ""


def _is_chainlits(base: str) -> bool:
    """Tell whether a thing's attributes are Chainlit's own, not of what one of its own holds."""
    is_held = "()." in base and not base.endswith(")")
    return bool(base) and not is_held and base not in FOREIGN and not base.endswith("Dict()")
