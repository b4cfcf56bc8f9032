"""What the page takes for a formula: its rules are pure, so that no browser is asked."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.needs import find_node

ROOT = Path(__file__).resolve().parents[3]
# Prints, of each text of a JSON list, what is a formula in it: what its end is missing of is not.
FIND = """
import { cutAtFormulas } from "./public/page/markdown/scan.js";
import { cutAtFences } from "./public/page/markdown/code.js";
const said = JSON.parse(process.argv[1]);
const found = (text) => cutAtFences(text).flatMap((part) =>
    part.isCode ? [] : cutAtFormulas(part.text).filter((each) => each.tex).map(({ tex }) => tex));
console.log(JSON.stringify(said.map(found)));
"""
FORMULAS = {
    "$x$ costs $5": ["x"],
    "the price p is $5, so $2p$ is $10": ["2p"],
    "价格$5，公式$x^2$": ["x^2"],
    "between $0$ and $1$": ["0", "1"],
    r"$\$5 + \$6$ and \$7": [r"\$5 + \$6"],
    "| $5 | $x^2$ |\n|---|---|\n| $6 | \\[ y \\] |": ["x^2", " y "],
    "the $n$th, $x$-axis, $x$% and $x$’s": ["n", "x", "x", "x"],
    "1. one\n   \\[\n   x = 1\n   \\]\n2. \\[ y_1 \\]": ["\n   x = 1\n   ", " y_1 "],
    "so \\[ x \\] is": [" x "],
    "\\[\n42\n\\]\n\n\\[1\\]": ["\n42\n", "1"],
    "公式\\[x\\]很好 and f\\(x\\)": ["x", "x"],
    r"$25\,\text{km/h}$ at $p < 0.05$": [r"25\,\text{km/h}", "p < 0.05"],
}
NO_FORMULAS = (
    "$5 and then $6, $7-$8, ~$9 to ~$10, US$5 and A$6",
    "$5 + $6 = $11 and $10 * 2 = $20",
    "| item | $10 | $20 |\n|---|---|---|\n| other | $1,200.50 | **$40** |",
    r"\$5 and \$6",
    "`$x$` and ``a ` $y$``",
    "```\n$x$\n```",
    "echo $HOME and $PATH, $(ls) and $(pwd), $1 and $2",
    "$a = $b + $c; $foo->bar and $baz",
    "=SUM($A$1:$B$2)",
    "$AAPL rose, $MSFT fell",
    "$$ restaurants and $$ bars",
    r"use \[optional\] words, see \[1\] and \[2, 3\]",
    r"\[1\] Reference",
    r"\[DRAFT\] of it",
    r"array\[0\], a\[i\] and b\[i-1\]",
    "- \\[x\\] done\n- \\[ \\] not done",
    r"\[text\](https://example.org)",
    "$x",
)


@pytest.mark.server  # Node.js
def test_formulas_are_told_from_money_code_and_brackets() -> None:
    texts = [*FORMULAS, *NO_FORMULAS]
    line = [str(find_node()), "--input-type=module", "-e", FIND, json.dumps(texts)]
    run = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    found = dict(zip(texts, json.loads(run.stdout), strict=True))
    assert found == FORMULAS | {text: [] for text in NO_FORMULAS}
