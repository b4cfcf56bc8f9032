"""Makes the page's script and style of what is in `public/page`, a file each: `make page`.

What draws diagrams stays a module, which is loaded with the first one.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ESBUILD = ROOT / "tests/support/servers/node_modules/.bin/esbuild"
BUILT = "public/built"
OPTIONS = (
    *("public/page/keepchat.js", "public/page/keepchat.css", f"--outdir={BUILT}"),
    *("--bundle", "--format=esm", "--target=es2022", "--minify", "--charset=utf8"),
    *("--external:./public/page/markdown/mermaid.js", "--log-level=warning"),
)


def build(root: Path) -> None:
    """Make `public/built` of what is in `public/page`, both below a folder."""
    shutil.rmtree(root / BUILT, ignore_errors=True)
    subprocess.run([ESBUILD, *OPTIONS], cwd=root, check=True)


if __name__ == "__main__":
    if not ESBUILD.exists():
        sys.exit("esbuild is not installed: run 'make page', which installs it.")
    build(ROOT)
