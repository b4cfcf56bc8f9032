"""Gets what `make test` needs from the machine, with apt-get or brew.

It says what it is about to install. Where it may not install, or does not know how, it says in one
sentence which command does. It runs before anything is installed: standard library only.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from shlex import join
from shutil import which

from tests.support import needs
from tests.support.needs import CHROMIUM_FROM_PLAYWRIGHT, Tool

Command = tuple[str, ...]

UNUSED = "The services that come with PostgreSQL, PgBouncer, nginx and Caddy stay unused."


@dataclass(frozen=True)
class Step:
    """One way to get tools, for those that are still missing when its turn comes."""

    packages: Mapping[Tool, str]
    command: Command  # is followed by the packages
    before: tuple[Command, ...] = ()

    def commands(self, missing: Collection[Tool]) -> list[Command]:
        """What has to be run: nothing, if nothing that it knows is missing."""
        wanted = [package for tool, package in self.packages.items() if tool in missing]
        return [*self.before, (*self.command, *wanted)] if wanted else []


@dataclass(frozen=True)
class Recipe:
    """How one kind of system gets the tools."""

    runs: str  # what somebody without the right to install is told to do with the commands
    steps: tuple[Step, ...]

    def commands(self, missing: Collection[Tool]) -> list[Command]:
        """What has to be run if no step brings more than it says."""
        return [command for step in self.steps for command in step.commands(missing)]


_APT: Command = ("apt-get", "install", "-y", "--no-install-recommends")
_PACKAGES = {
    Tool.NODE: "nodejs",
    Tool.POSTGRES: "postgresql",
    Tool.PGBOUNCER: "pgbouncer",
    Tool.JAVA: "default-jre-headless",
    Tool.NGINX: "nginx",
    Tool.CADDY: "caddy",
    Tool.OPENMP: "libgomp1",
}
_NPM_BY_APT = Step({Tool.NPM: "npm"}, _APT)  # a step of its own: some nodejs bring and forbid it
_NEWER_NODE = Step({Tool.NODE: "node@22"}, ("npm", "install", "--global"))
_CHROMIUM_BY_PLAYWRIGHT = Step(
    {Tool.CHROMIUM: "chromium"},
    (
        *("env", f"PLAYWRIGHT_BROWSERS_PATH={CHROMIUM_FROM_PLAYWRIGHT}"),
        *("npx", "--yes", "playwright", "install", "--with-deps", "--only-shell"),
    ),
)


def _by_apt(packages: Mapping[Tool, str]) -> tuple[Step, ...]:
    return (Step(packages, _APT, (("apt-get", "update"),)), _NPM_BY_APT, _NEWER_NODE)


DEBIAN = Recipe("as root, run", _by_apt({Tool.CHROMIUM: "chromium-headless-shell", **_PACKAGES}))
# Ubuntu's Chromium is a snap, which cannot be driven: see `find_chromium`.
UBUNTU = Recipe("as root, run", (*_by_apt(_PACKAGES), _CHROMIUM_BY_PLAYWRIGHT))
MACOS = Recipe(
    "with Homebrew (https://brew.sh), run",
    (
        Step(
            {
                Tool.CHROMIUM: "google-chrome",
                Tool.NODE: "node",
                Tool.POSTGRES: "postgresql@17",
                Tool.PGBOUNCER: "pgbouncer",
                Tool.JAVA: "openjdk",
                Tool.NGINX: "nginx",
                Tool.CADDY: "caddy",
                Tool.SEAWEEDFS: "seaweedfs",
            },
            ("brew", "install"),
        ),
    ),
)
IN_A_CONTAINER = (
    'docker run --rm --shm-size=1g -v "$PWD":/from:ro python:3.13-bookworm '
    "sh -c 'cp -r /from /keepchat && cd /keepchat && make clean && make test'"
)


def recipe_for(system: str, distributions: Collection[str]) -> Recipe | None:
    """The recipe of a platform, and of what its distribution is or is like."""
    if system == "darwin":
        return MACOS
    if "ubuntu" in distributions:
        return UBUNTU
    return DEBIAN if "debian" in distributions else None


def installed(
    recipe: Recipe, look: Callable[[], list[Tool]], run: Callable[[Command], bool]
) -> list[Tool]:
    """Take the steps in turn until one fails, and return what is missing after that."""
    for step in recipe.steps:
        if not all(map(run, step.commands(look()))):
            break
    return look()


def announcement(missing: Sequence[Tool]) -> str:
    """What is said before the first command."""
    unused = (
        f" {UNUSED}"
        if {Tool.POSTGRES, Tool.PGBOUNCER, Tool.NGINX, Tool.CADDY} & set(missing)
        else ""
    )
    return f"Installing what the tests need: {_listed(missing)}.{unused}"


def request(recipe: Recipe | None, missing: Sequence[Tool]) -> str:
    """The sentence for somebody who has to install it."""
    need = f"The tests need {_listed(missing)}"
    if recipe is None:
        return f"{need}: install that, or run the tests in a container: {IN_A_CONTAINER}"
    return f"{need}: {recipe.runs} '{' && '.join(map(join, recipe.commands(missing)))}'."


def _listed(tools: Sequence[Tool]) -> str:
    *most, last = (tool.value for tool in tools)
    return f"{', '.join(most)} and {last}" if most else last


def _distributions() -> list[str]:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return []
    return [release["ID"], *release.get("ID_LIKE", "").split()]


def _prefix(recipe: Recipe) -> Command | None:
    """What stands before a command that may install, or None where nobody may."""
    if recipe is MACOS:
        return () if which("brew") else None
    if os.geteuid() == 0:
        return ()
    if which("sudo") is None:
        return None
    if _runs("sudo", "-n", "true"):
        return ("sudo", "-n")
    return ("sudo",) if sys.stdin.isatty() else None  # it asks for the password on the terminal


def _runs(*command: str) -> bool:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0


def _run(prefix: Command, command: Command) -> bool:
    print(f"$ {join((*prefix, *command))}", flush=True)
    whole = (*prefix, "env", "DEBIAN_FRONTEND=noninteractive", *command)
    return subprocess.run(whole, stdin=subprocess.DEVNULL, check=False).returncode == 0


def main() -> int:
    """Install what is missing, or say what to do."""
    missing = needs.missing()
    recipe = recipe_for(sys.platform, _distributions())
    prefix = _prefix(recipe) if missing and recipe else None
    if recipe and prefix is not None:
        print(announcement(missing))
        missing = installed(recipe, needs.missing, partial(_run, prefix))
    if missing:
        print(request(recipe, missing), file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
