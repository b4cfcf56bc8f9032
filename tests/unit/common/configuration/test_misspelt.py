"""Which name was meant."""

import pytest

from common.configuration.misspelt import most_alike, nearest

KNOWN = ("OPENAI_MODEL", "OPENAI_API_KEY", "DATABASE_URL", "DATA_DIR", "LOG_FORMAT")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("OPENAI_MODLE", "OPENAI_MODEL"),
        ("OPENAI_MODELL", "OPENAI_MODEL"),
        ("OPEN_AI_MODEL", "OPENAI_MODEL"),
        ("OPENAI_API_KYE", "OPENAI_API_KEY"),
        ("DATABASE_ULR", "DATABASE_URL"),
        ("DATA_DRI", "DATA_DIR"),
        ("DATA_SET", None),
        ("OPENAI_MODEL", None),
        ("OPENAI_KEY", None),
        ("LOG_LEVEL", None),
        ("PATH", None),
    ],
)
def test_a_slip_or_two(given: str, meant: str | None) -> None:
    assert nearest(given, KNOWN) == meant


@pytest.mark.parametrize(
    ("given", "meant"),
    [("OPENAI_KEY", "OPENAI_API_KEY"), ("DB_URL", None), ("OPENAI_API_KEY", None), ("PATH", None)],
)
def test_a_word_that_lacks(given: str, meant: str | None) -> None:
    assert most_alike(given, KNOWN) == meant
