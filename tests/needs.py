"""What `make test` needs from the machine beyond Python packages.

Run as a script it says in one sentence for each missing tool how to get it. A missing tool is a
failure, never a skipped test.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NODE_AT_LEAST = (20, 15)
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ON_MACOS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
NO_CHROMIUM = (
    "The tests need Chromium: on Debian 'apt-get install chromium', "
    "on macOS 'brew install --cask chromium'."
)
NO_NODE = (
    "The tests need Node.js 20.15 or newer with npm: on Debian 'apt-get install nodejs npm' "
    "(Debian 12 has only 18: then also 'npm install --global node@22'), "
    "on macOS 'brew install node'."
)


class MissingToolError(RuntimeError):
    """A tool is not there; the message is one sentence and says how to get it."""


def find_chromium() -> Path:
    """The browser for the end-to-end tests, from PATH or from where macOS keeps it."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found:
        return Path(found)
    for path in CHROMIUM_ON_MACOS:
        if path.is_file():
            return path
    raise MissingToolError(NO_CHROMIUM)


def find_node() -> Path:
    """Node.js in a version that runs the test servers, beside npm, which installs them."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None or _version_of(node) < NODE_AT_LEAST:
        raise MissingToolError(NO_NODE)
    return Path(node)


def missing() -> Iterator[str]:
    """One sentence for each tool that is not there."""
    for find in (find_chromium, find_node):
        try:
            find()
        except MissingToolError as error:
            yield str(error)


def _version_of(node: str) -> tuple[int, ...]:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return tuple(map(int, re.findall(r"\d+", answer.stdout)[:2]))


def main() -> int:
    """Says what is missing."""
    sentences = list(missing())
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main())
