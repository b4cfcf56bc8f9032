"""How missing tools are got, on machines that are made up: nothing is installed here."""

import os
import shlex
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.support import install, needs
from tests.support.install import DEBIAN, MACOS, UBUNTU, Command
from tests.support.needs import Tool
from tests.support.programs import program

ALL = [*Tool]
LINUX = [tool for tool in Tool if tool is not Tool.SEAWEEDFS]
APT = "apt-get install -y --no-install-recommends"
ON_DEBIAN = {
    "chromium-headless-shell": {Tool.CHROMIUM},
    "chromium": {Tool.CHROMIUM},
    "npm": {Tool.NPM},
    "node@22": {Tool.NODE},
    "postgresql": {Tool.POSTGRES},
    "pgbouncer": {Tool.PGBOUNCER},
    "nginx": {Tool.NGINX},
    "caddy": {Tool.CADDY},
    "default-jre-headless": {Tool.JAVA},
    "libgomp1": {Tool.OPENMP},
}


class Machine:
    """One on which the packages bring these tools; a command with the bad word fails."""

    def __init__(
        self, missing: Collection[Tool], brings: dict[str, set[Tool]], bad_word: str = ""
    ) -> None:
        self.missing = list(missing)
        self.ran: list[str] = []
        self._brings = brings
        self._bad_word = bad_word

    def look(self) -> list[Tool]:
        return self.missing

    def run(self, command: Command) -> bool:
        self.ran.append(shlex.join(command))
        if self._bad_word in command:
            return False
        brought = set[Tool]().union(*(self._brings.get(word, set()) for word in command[1:]))
        self.missing = [tool for tool in self.missing if tool not in brought]
        return True


def test_the_recipe_is_that_of_the_system() -> None:
    assert install.recipe_for("linux", ["debian"]) is DEBIAN
    assert install.recipe_for("linux", ["raspbian", "debian"]) is DEBIAN
    assert install.recipe_for("linux", ["ubuntu", "debian"]) is UBUNTU
    assert install.recipe_for("linux", ["linuxmint", "ubuntu", "debian"]) is UBUNTU
    assert install.recipe_for("linux", ["fedora"]) is None
    assert install.recipe_for("freebsd14", []) is None
    assert install.recipe_for("darwin", []) is MACOS


def test_debian_with_an_old_node_gets_npm_and_then_a_newer_one() -> None:
    machine = Machine(LINUX, ON_DEBIAN)
    assert install.installed(DEBIAN, machine.look, machine.run) == []
    assert machine.ran == [
        "apt-get update",
        f"{APT} chromium-headless-shell nodejs postgresql pgbouncer default-jre-headless nginx "
        "caddy libgomp1",
        f"{APT} npm",
        "npm install --global node@22",
    ]


def test_a_node_that_is_new_and_brings_npm_is_enough() -> None:
    machine = Machine([Tool.NODE, Tool.NPM], {"nodejs": {Tool.NODE, Tool.NPM}})
    assert install.installed(DEBIAN, machine.look, machine.run) == []
    assert machine.ran == ["apt-get update", f"{APT} nodejs"]


def test_only_what_is_missing_is_installed() -> None:
    machine = Machine([Tool.PGBOUNCER], ON_DEBIAN)
    assert install.installed(DEBIAN, machine.look, machine.run) == []
    assert machine.ran == ["apt-get update", f"{APT} pgbouncer"]


def test_ubuntu_gets_its_chromium_from_playwright_once_there_is_node() -> None:
    machine = Machine(LINUX, ON_DEBIAN)
    assert install.installed(UBUNTU, machine.look, machine.run) == []
    assert (
        f"{APT} nodejs postgresql pgbouncer default-jre-headless nginx caddy libgomp1"
        in machine.ran
    )
    assert machine.ran[-2:] == [
        "npm install --global node@22",
        f"env PLAYWRIGHT_BROWSERS_PATH={needs.CHROMIUM_FROM_PLAYWRIGHT} "
        "npx --yes playwright install --with-deps --only-shell chromium",
    ]


def test_macos_gets_all_in_one_command() -> None:
    [command] = MACOS.commands(ALL)
    assert shlex.join(command) == (
        "brew install google-chrome node postgresql@17 pgbouncer openjdk nginx caddy seaweedfs"
    )


def test_a_step_that_fails_is_the_last() -> None:
    machine = Machine(LINUX, ON_DEBIAN, bad_word="update")
    assert install.installed(DEBIAN, machine.look, machine.run) == LINUX
    assert machine.ran == ["apt-get update"]


def test_what_did_not_come_is_still_missing() -> None:
    brings = {**ON_DEBIAN, "pgbouncer": set[Tool]()}
    machine = Machine(LINUX, brings)
    assert install.installed(DEBIAN, machine.look, machine.run) == [Tool.PGBOUNCER]


def test_it_is_said_what_will_be_installed() -> None:
    assert install.announcement([Tool.CHROMIUM]) == "Installing what the tests need: Chromium."
    assert install.announcement([Tool.NPM, Tool.PGBOUNCER, Tool.JAVA]) == (
        f"Installing what the tests need: npm, PgBouncer and Java. {install.UNUSED}"
    )


def test_the_one_sentence_has_one_command_for_all() -> None:
    assert install.request(DEBIAN, [Tool.CHROMIUM, Tool.NODE, Tool.NPM]) == (
        "The tests need Chromium, Node.js 20.15 or newer and npm: as root, run "
        f"'apt-get update && {APT} chromium-headless-shell nodejs && {APT} npm && "
        "npm install --global node@22'."
    )
    assert install.request(MACOS, [Tool.PGBOUNCER]) == (
        "The tests need PgBouncer: with Homebrew (https://brew.sh), run 'brew install pgbouncer'."
    )
    assert install.request(None, [Tool.PGBOUNCER]) == (
        "The tests need PgBouncer: install that, or run the tests in a container: "
        f"{install.IN_A_CONTAINER}"
    )


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be on a Debian that lacks PgBouncer, which apt-get brings; its only folder on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(needs, "SYSTEM_FOLDER", str(tmp_path))
    monkeypatch.setattr(needs, "FINDERS", {Tool.PGBOUNCER: needs.find_pgbouncer})
    monkeypatch.setattr(install, "recipe_for", lambda *given: DEBIAN)
    (tmp_path / "env").symlink_to("/usr/bin/env")
    program(tmp_path / "apt-get", f'test "$1" = update || /bin/cp "$0" {tmp_path}/pgbouncer')
    be(monkeypatch, uid=1000, terminal=False)
    return tmp_path


def be(monkeypatch: pytest.MonkeyPatch, *, uid: int, terminal: bool) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: terminal)


def commands(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Installing what the tests need: PgBouncer.")
    return [line.removeprefix("$ ") for line in lines[1:]]


def test_where_all_is_there_nothing_is_said(
    debian: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(debian / "pgbouncer")
    assert install.main() == 0
    assert capsys.readouterr() == ("", "")


def test_root_installs(
    debian: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    be(monkeypatch, uid=0, terminal=False)
    assert install.main() == 0
    assert commands(capsys) == ["apt-get update", f"{APT} pgbouncer"]


def test_sudo_that_asks_for_no_password_is_used(
    debian: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(debian / "sudo", 'shift; "$@"')
    assert install.main() == 0
    assert commands(capsys) == ["sudo -n apt-get update", f"sudo -n {APT} pgbouncer"]


def test_on_a_terminal_sudo_may_ask(
    debian: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(debian / "sudo", 'test "$1" != -n && "$@"')
    be(monkeypatch, uid=1000, terminal=True)
    assert install.main() == 0
    assert commands(capsys) == ["sudo apt-get update", f"sudo {APT} pgbouncer"]


@pytest.mark.parametrize("has_sudo", [False, True])
def test_who_may_not_is_told_the_command(
    has_sudo: bool, debian: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if has_sudo:  # and nobody can type its password
        program(debian / "sudo", "exit 1")
    assert install.main() == 1
    assert capsys.readouterr() == ("", f"{install.request(DEBIAN, [Tool.PGBOUNCER])}\n")


@pytest.mark.parametrize("apt_get", ["exit 100", "true"])
def test_what_fails_or_brings_nothing_ends_with_the_command(
    apt_get: str,
    debian: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program(debian / "apt-get", apt_get)
    be(monkeypatch, uid=0, terminal=False)
    assert install.main() == 1
    assert capsys.readouterr().err == f"{install.request(DEBIAN, [Tool.PGBOUNCER])}\n"


def test_macos_without_brew_is_told_where_it_is(
    debian: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "recipe_for", lambda *given: MACOS)
    assert install.main() == 1
    assert "https://brew.sh" in capsys.readouterr().err


def test_another_system_is_told_of_a_container(
    debian: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "recipe_for", lambda *given: None)
    assert install.main() == 1
    assert capsys.readouterr().err == f"{install.request(None, [Tool.PGBOUNCER])}\n"
