"""Browser tests share a server of models, and find what it was sent by the question."""

import ast
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parents[2] / "e2e"
PLAIN = "What is the capital of France?"  # nobody looks for what was sent of it


def test_no_question_is_asked_in_two_files() -> None:
    asked: defaultdict[str, set[str]] = defaultdict(set)
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and text.startswith("What is the") and text.endswith("?"):
                asked[text].add(path.name)
    assert {text: names for text, names in asked.items() if len(names) > 1 and text != PLAIN} == {}
