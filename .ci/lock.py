"""Makes the lock files from pyproject.toml: `make lock`, or `make lock UPGRADE=1` to go newer.

Each holds exact versions and hashes for all platforms and Python versions, and names no package
index. All are installed whole, with `pip install --no-deps --require-hashes -r FILE`.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ROOT / "tests" / "support" / "servers"
RUNTIME = "requirements.txt"
DEMO = "requirements-demo.txt"
DEV = "requirements-dev.txt"
TITLES = {
    RUNTIME: "What Keepchat needs to run.",
    DEMO: "The built-in demo model, beside requirements.txt; a server can leave it out.",
    DEV: "What tests and checks add to requirements.txt.",
}


def compile_lock(target: str, *options: str) -> None:
    """Resolves into the file; versions that it holds already are kept if they still fit."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-config"]
    command += ["--universal", "--python-version", "3.11", "--generate-hashes", "--strip-extras"]
    command += ["--no-header", "--fork-strategy", "fewest", "--output-file", target]
    subprocess.run([*command, *options], cwd=ROOT, check=True)


def blocks(lock: str) -> Iterator[str]:
    """The requirements of a lock, each with its hashes and notes."""
    return (
        match.group() for match in re.finditer(r"^[^\s#].*\n(?:[ \t].*\n)*", lock, re.MULTILINE)
    )


def pin(block: str) -> str:
    """`name==version` with its marker, if any."""
    return block.splitlines()[0].removesuffix("\\").strip()


def finish(target: str, installed: frozenset[str] = frozenset()) -> frozenset[str]:
    """Writes our header, leaves out what is installed anyway, and returns the pins that remain."""
    path = ROOT / target
    kept = [
        block
        for block in blocks(path.read_text(encoding="utf-8"))
        if not installed & {pin(block), pin(block).partition(" ;")[0]}
    ]
    header = f"# {TITLES[target]}\n# Made by `make lock` from pyproject.toml; do not edit.\n"
    path.write_text(header + "".join(kept), encoding="utf-8")
    return frozenset(map(pin, kept))


def lock_servers() -> None:
    """Locks the test servers; licences and where to give money are no part of a lock."""
    npm = ("npm", "install", "--package-lock-only", "--ignore-scripts", "--silent")
    subprocess.run(npm, cwd=SERVERS, check=True)
    path = SERVERS / "package-lock.json"
    lock = json.loads(path.read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        for name in ("funding", "license"):
            package.pop(name, None)
    path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Makes all four; the runtime first, since the development tools must agree with it."""
    options = sys.argv[1:]
    compile_lock(RUNTIME, "pyproject.toml", *options)
    runtime = finish(RUNTIME)
    compile_lock(DEMO, "--group", "demo", "--no-deps", *options)
    finish(DEMO)
    compile_lock(DEV, "--group", "dev", "--constraints", RUNTIME, *options)
    finish(DEV, installed=runtime)
    lock_servers()


if __name__ == "__main__":
    main()
