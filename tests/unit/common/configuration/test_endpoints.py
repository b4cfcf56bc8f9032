"""What people write for an address and a key."""

import pytest

from common.configuration.endpoints import base_url, clean_key


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        (" https://x.org/v1/chat/completions ", "https://x.org/v1"),
        ("https://x.org/v1/chat/completions/", "https://x.org/v1"),
        ("https://x.org/api/v1/models", "https://x.org/api/v1"),
        ("https://x.org/chat/completions?key=1", "https://x.org?key=1"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_an_operations_address_is_cut_to_its_base(given: str, base: str) -> None:
    assert base_url(given) == base


@pytest.mark.parametrize(
    "given",
    ["sk-1", " sk-1\n", "\ufeffsk-1", "sk\u200b-1", '"sk-1"', "Bearer sk-1", "\u2018sk-1\u2019"],
)
def test_a_key_is_cleaned(given: str) -> None:
    assert clean_key(given) == "sk-1"


@pytest.mark.parametrize("given", ["sk–1", "клюк", "sk-1\x00"])
def test_a_key_that_cannot_be_one_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="copy it anew"):
        clean_key(given)
