"""What a search asks for: words in any order, and phrases in quotes. Pure."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from datalayer.search.folding import fold
from datalayer.values import clean_text

LONGEST_SEARCH = 1_000
"""Characters of what is searched for that are looked at."""

MOST_TERMS = 32
"""Words and phrases that are looked for."""

_QUOTES = {
    '"': '"',
    "“": "”",
    "„": "“”",
    "”": "”",
    "«": "»",
    "»": "«",
    "「": "」",
    "『": "』",
}
# A straight quote within a word is a part of it, as in 5" and print("a"). What is not closed is a
# phrase to its end, as while it is being typed.
_PHRASES = (f"{opening}([^{closing}]*)[{closing}]?" for opening, closing in _QUOTES.items())
_TERM = re.compile("|".join([*_PHRASES, r"([^\s“„«「『]+)"]))


class SearchTerms(NamedTuple):
    """Folded words and phrases, of which each has to stand in one of a thread's texts."""

    all: tuple[str, ...] = ()
    """Every one, in their order: what is marked where it is found."""
    needed: tuple[str, ...] = ()
    """Those that are in no other, the longest first: whoever finds these finds all."""
    is_shortened: bool = False
    """Whether more was asked for than is looked for."""

    def are_in(self, texts: Iterable[str]) -> bool:
        """Tell whether each stands in one of a thread's folded texts."""
        missing = self.needed
        for text in texts:
            missing = tuple(term for term in missing if term not in text)
            if not missing:
                return True
        return not missing

    def count_in(self, text: str) -> int:
        """Return how many stand in a folded text."""
        return sum(term in text for term in self.needed)


NO_TERMS = SearchTerms()


def terms_of(search: str | None) -> SearchTerms:
    """Return what is looked for, nothing for a search that has blanks and quotes alone."""
    if not (wanted := (search or "").strip()):
        return NO_TERMS
    folded = fold(clean_text(wanted[:LONGEST_SEARCH]))
    found = (term[term.lastindex or 0].strip() for term in _TERM.finditer(folded))
    terms = list(dict.fromkeys(filter(None, found)))
    return SearchTerms(
        all=tuple(terms[:MOST_TERMS]),
        needed=_outermost(terms[:MOST_TERMS]),
        is_shortened=len(wanted) > LONGEST_SEARCH or len(terms) > MOST_TERMS,
    )


def _outermost(terms: list[str]) -> tuple[str, ...]:
    outermost: list[str] = []
    for term in sorted(terms, key=len, reverse=True):
        if not any(term in longer for longer in outermost):
            outermost.append(term)
    return tuple(outermost)
