"""The version is in one place, and the changelog's newest."""

import re
import subprocess
import sys

import pytest

from common.version import VERSION
from settings import ROOT


def test_it_is_the_newest_of_the_changelog() -> None:
    [newest, *_] = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest == VERSION


@pytest.mark.slow
def test_the_operator_is_told() -> None:
    command = [sys.executable, "manage.py", "--version"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == f"Keepchat {VERSION}\n"
