"""The page's script is what is in the modules it is made of."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripts import load_script

ROOT = Path(__file__).resolve().parents[3]
MODULES = "public/page"


@pytest.fixture(scope="module")
def page() -> Any:
    return load_script("page")


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


@pytest.mark.server  # esbuild is installed beside the servers
def test_it_is_made_of_the_modules_as_they_are(page: Any, tmp_path: Path) -> None:
    shutil.copytree(ROOT / MODULES, tmp_path / MODULES)
    page.build(tmp_path)
    assert contents(ROOT / page.BUILT) == contents(tmp_path / page.BUILT), "run 'make page'"
