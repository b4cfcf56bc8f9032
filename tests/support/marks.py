"""Marks of tests that are the same in many places."""

import pytest

_WITHIN = {"memory", "sqlite", "local"}  # these need no server


def on(*names: str) -> list[pytest.ParameterSet]:
    """Databases or storages as parameters of a test; those that need a server are marked so."""
    return [pytest.param(name, marks=_marks(name)) for name in names]


def _marks(name: str) -> list[pytest.MarkDecorator]:
    return [] if name in _WITHIN else [pytest.mark.server]
