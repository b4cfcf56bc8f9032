"""Asks an advisory database for known holes in all that the lock files name: `make audit`.

The database is OSV's, which takes in PyPI's and GitHub's advisories. Where it cannot be reached,
that is said, and nothing has been checked.
"""

import json
import re
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-demo.txt", "requirements-dev.txt")
NPM_LOCK = "tests/support/servers/package-lock.json"
VENDORED = "public/vendor"
DATABASE = "https://api.osv.dev/v1/querybatch"
PAGE = "https://osv.dev/vulnerability"
AT_ONCE = 1_000  # the most that one question may name
TIMEOUT_S = 30

Pin = tuple[str, str, str]
"""Ecosystem, name, version."""


def pins(root: Path) -> Iterator[Pin]:
    """Yield all that the lock files name, and what is served of others."""
    for lock in LOCKS:
        text = (root / lock).read_text(encoding="utf-8")
        for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE):
            yield "PyPI", name, version
    packages = json.loads((root / NPM_LOCK).read_text(encoding="utf-8"))["packages"]
    for path, about in packages.items():
        if path:  # the first is the project itself
            yield "npm", path.rpartition("node_modules/")[2], about["version"]
    for folder in (root / VENDORED).glob("*-*"):
        name, _, version = folder.name.rpartition("-")
        yield "npm", name, version


def known_holes(found: Sequence[Pin], database: str) -> dict[Pin, list[str]]:
    """Return the ids of what is known of each, where there is any. Raises `OSError`."""
    holes: dict[Pin, list[str]] = {}
    for start in range(0, len(found), AT_ONCE):
        some = found[start : start + AT_ONCE]
        answers = asked(some, database)["results"]
        for pin, answer in zip(some, answers, strict=True):
            if ids := [hole["id"] for hole in answer.get("vulns", ())]:
                holes[pin] = ids
    return holes


def asked(some: Sequence[Pin], database: str) -> Mapping[str, Any]:
    """Return what the database answers. Raises `OSError`."""
    queries = [
        {"package": {"ecosystem": ecosystem, "name": name}, "version": version}
        for ecosystem, name, version in some
    ]
    request = urllib.request.Request(  # noqa: S310 - the address is ours, or the caller's
        database, json.dumps({"queries": queries}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310
        answer: Mapping[str, Any] = json.load(reply)
        return answer


def main(database: str = DATABASE, root: Path = ROOT) -> int:
    """Print what is known; returns 1 where there are holes, 0 where there are none or no answer."""
    found = sorted(set(pins(root)))
    try:
        holes = known_holes(found, database)
    except OSError as exc:
        print(f"NOT CHECKED: the advisory database {database} cannot be reached ({exc}).")
        return 0
    for (ecosystem, name, version), ids in holes.items():
        for hole in ids:
            print(f"{ecosystem} {name} {version}: {PAGE}/{hole}")
    print(f"{len(found)} locked packages checked, {len(holes)} with known holes.")
    return int(bool(holes))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
