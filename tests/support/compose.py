"""docker-compose.yml as Compose reads it, for tests: no Docker engine is needed."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
# What is about the containers, and no setting of the program.
OWN = frozenset(
    {
        *("KEEPCHAT_ADDRESS", "KEEPCHAT_PORT", "POSTGRES_PASSWORD", "AZURITE_KEY"),
        *("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"),
        *("COMPOSE_AUTH_MODE", "COMPOSE_DATABASE_URL", "COMPOSE_STORAGE_URL"),
    }
)
_NAMED = re.compile(r"\$\{(\w+)(?::([-?])((?:[^${}]|\$\{[^{}]*\})*))?\}")


class UnsetError(ValueError):
    """A variable that has to be set is not; the message is the file's own."""


def raw() -> dict[str, Any]:
    """The file as it is."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def resolved(variables: Mapping[str, str]) -> dict[str, Any]:
    """The file with its variables filled in."""
    found: dict[str, Any] = _filled(raw(), variables)
    return found


def variables_of(env: str) -> dict[str, str]:
    """The variables of the text of a .env."""
    lines = [line for line in env.splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(item, variables) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, variables) for item in value]
    return _text(value, variables) if isinstance(value, str) else value


def _text(value: str, variables: Mapping[str, str]) -> str:
    def fill(found: re.Match[str]) -> str:
        name, how, rest = found.groups()
        if given := variables.get(name):
            return given
        if how == "?":
            message = f"{name}: {rest}"
            raise UnsetError(message)
        return _text(rest, variables) if how == "-" else ""

    return _NAMED.sub(fill, value)
