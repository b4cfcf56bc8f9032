"""The files of deploy/ for a server, as far as they go without one; proxies run in tests/e2e."""

import os
import re
import subprocess
from pathlib import Path
from shutil import which

from settings import ROOT, Settings

UNIT = ROOT / "deploy" / "keepchat.service"
BACKUP = ROOT / "deploy" / "keepchat-backup.service"
TIMER = ROOT / "deploy" / "keepchat-backup.timer"
COMMAND = ROOT / "deploy" / "keepchat"
DOC = (ROOT / "docs" / "deploy.md").read_text()


def lines(unit: Path = UNIT) -> dict[str, str]:
    """What a unit says."""
    return dict(re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE))


def test_the_unit_is_what_the_page_sets_up() -> None:
    unit = lines()
    home = unit["WorkingDirectory"]
    assert unit["ExecStart"].startswith(f"{home}/.venv/bin/chainlit run app.py --headless")
    # In .env, where commands find it, too: in the unit it would be another's without a word.
    assert f"\nDATA_DIR=/var/lib/{unit['StateDirectory']}\n" in DOC
    assert "DATA_DIR" not in unit["Environment"]
    for path in (home, f"/var/lib/{unit['StateDirectory']}", *unit["ReadWritePaths"].split()):
        assert path in DOC, path
    assert f"useradd --system --home-dir /var/lib/{unit['User']}" in DOC
    shutdown_s = float(str(Settings.model_fields["shutdown_answers_s"].default))
    assert int(unit["TimeoutStopSec"]) >= shutdown_s + 7


def test_commands_and_backups_run_as_the_service_does() -> None:
    unit, backup = lines(), lines(BACKUP)
    for name in ("User", "Group", "WorkingDirectory", "UMask"):
        assert backup[name] == unit[name], name
    folder = re.search(r"manage\.py backup (\S+) --keep", backup["ExecStart"])
    assert folder
    assert f"install -d -o {unit['User']} -g {unit['Group']} -m 700" in DOC
    assert re.search(rf"^install -d .*{folder[1]}$", DOC, re.MULTILINE)
    assert os.access(COMMAND, os.X_OK)
    begun = f"cd {unit['WorkingDirectory']} && exec /usr/sbin/runuser -u {unit['User']} -- "
    assert f"{begun}.venv/bin/python manage.py" in COMMAND.read_text()


def test_the_walls_of_the_reading_process_can_be_closed_within_the_unit() -> None:
    allowed = lines()["SystemCallFilter"].split()
    landlock = ("create_ruleset", "add_rule", "restrict_self")
    assert {"seccomp", *(f"landlock_{it}" for it in landlock)} <= set(allowed)


def test_systemd_knows_all_that_the_unit_says(tmp_path: Path) -> None:
    """Where it is installed."""
    analyze = which("systemd-analyze")
    if analyze is None:
        return
    units = [tmp_path / it.name for it in (UNIT, BACKUP, TIMER)]
    for unit in units:
        text = (UNIT.parent / unit.name).read_text()
        unit.write_text(re.sub(r"(?<=^ExecStart=)\S+", "/bin/true", text, flags=re.MULTILINE))
    done = subprocess.run(
        [analyze, "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    assert [it for it in done.stderr.splitlines() if UNIT.stem in it] == []


def test_what_the_page_names_is_there() -> None:
    for name in re.findall(r"\]\((\.\./[^)#]+|[\w/-]+\.md)", DOC):
        assert (ROOT / "docs" / name).exists(), name
    for name in re.findall(r"/opt/keepchat/(deploy/[\w.-]+)", DOC):
        assert (ROOT / name).exists(), name
