"""How many tokens a text has, about."""

_OVERHEAD_TOKENS = 4  # what a message costs besides its text
BYTES_A_TOKEN = 3


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has, rather too many than too few.

    Three bytes of UTF-8 a token: English has about four, Chinese two to three.
    """
    length = len(text.encode("utf-8", "replace"))
    return _OVERHEAD_TOKENS + (length + BYTES_A_TOKEN - 1) // BYTES_A_TOKEN


def first_tokens(text: str, tokens: int) -> str:
    """Return the beginning of a text that has about so many tokens."""
    beginning = text[: max(0, tokens) * BYTES_A_TOKEN].encode("utf-8", "replace")
    return beginning[: max(0, tokens) * BYTES_A_TOKEN].decode("utf-8", "ignore")


def last_tokens(text: str, tokens: int) -> str:
    """Return the end of a text that has about so many tokens."""
    if tokens <= 0:
        return ""
    end = text[-tokens * BYTES_A_TOKEN :].encode("utf-8", "replace")
    return end[-tokens * BYTES_A_TOKEN :].decode("utf-8", "ignore")
