"""How many guesses it takes to find a text, by lists of what is common and by its form."""

import re
from collections.abc import Sequence

SHORTEST_SECRET = 32  # characters
_FEWEST_GUESSES = 1e20  # for what nothing slows: a signature is tried as often as a computer can
_LOOKED_AT = 72  # characters: what is longer has enough in them, or is easy all the same
# In the examples of others' documentation and in what is to be replaced; by chance in none.
_EXAMPLE = re.compile(
    r"secret|change|replace|random|example|password|chainlit|keepchat", re.IGNORECASE
)


def guesses(text: str, about: Sequence[str] = ()) -> float:
    """Return how many guesses find a text; words that are `about` its owner are tried first."""
    # Imported when it is used: it brings long lists of words.
    from zxcvbn import zxcvbn

    if not text:
        return 0.0
    return float(zxcvbn(text[:_LOOKED_AT], user_inputs=list(about))["guesses"])


def secret_fault(secret: str) -> str | None:
    """Return what is wrong with a secret that signs, None where it will do."""
    if len(secret) < SHORTEST_SECRET:
        return f"it has {len(secret)} characters of at least {SHORTEST_SECRET}"
    if _EXAMPLE.search(re.sub(r"[\W_]", "", secret)):
        return "it looks like the example of a documentation"
    return "it is soon guessed" if guesses(secret) < _FEWEST_GUESSES else None
