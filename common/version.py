"""Which version of the program this is: `pyproject.toml` says so, and nothing else does."""

import tomllib
from pathlib import Path

_FILE = Path(__file__).resolve().parents[1] / "pyproject.toml"
VERSION: str = tomllib.loads(_FILE.read_text(encoding="utf-8"))["project"]["version"]
