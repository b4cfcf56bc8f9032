"""Made-up texts whose words, characters and bigrams are spread as in real ones (Zipf). Pure.

A table of 65,536 entries holds each word as often as its rank wants it, so that a random text is
two random bytes for each word: a million of them take seconds.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

SEED = "keepchat"
WORDS = 6_000
CHARACTERS = 3_000
_TABLE_SIZE = 1 << 16
_CHINESE_SHARE = 26  # of 256: Chinese texts

_STOP_WORDS = """
the of and to a in is it you that he was for on are with as i his they be at one have this from or
had by not but some what there we can out other were all your when up use how said an each she which
do their time if will way about many then them would like so these her him
"""
_ONSETS = (*"bcdfghjklmnprstvw", "br", "ch", "cl", "dr", "gr", "pl", "pr", "sh", "st", "tr")
_VOWELS = (*"aeiou", "ai", "ea", "ou")
_CODAS = ("", "", "n", "r", "s", "t", "l", "nd", "st")
_FIRST_CHARACTERS = "，的一。是不了在人有我他这个们中来上大为和国地到以说时要就出会"

# Words that no text holds unless they are planted.
RARE = "quixotrel"
MEDIUM = "mazurquine"
PERCENT = "tabloxar"
CLUSTERED = "wortquux"
FOREIGN = "fremdlinx"
ABSENT = ("zzyzxq", "qwertzuiop", "jaxquezzle")


@cache
def vocabulary() -> Sequence[str]:
    """Return all words, the most frequent first."""
    rng = random.Random(f"{SEED}:words")
    words = dict.fromkeys(_STOP_WORDS.split())
    while len(words) < WORDS:
        words[_random_word(rng)] = None
    return tuple(words)


def _random_word(rng: random.Random) -> str:
    syllables = range(rng.choice((2, 2, 2, 3, 3)))
    return "".join(rng.choice(part) for _ in syllables for part in (_ONSETS, _VOWELS, _CODAS))


@cache
def characters() -> Sequence[str]:
    """Return all Chinese characters, the most frequent first."""
    found = dict.fromkeys(_FIRST_CHARACTERS)
    others = [chr(code) for code in range(0x4E00, 0x9000)]
    random.Random(f"{SEED}:characters").shuffle(others)
    found.update(dict.fromkeys(others))
    return tuple(found)[:CHARACTERS]


def rare_bigram() -> str:
    """Return a two-character word that is planted once; its characters are not that rare."""
    return characters()[1_500] + characters()[1_501]


def absent_bigram() -> str:
    """Return a two-character word that no text holds, of characters that are not that rare."""
    return characters()[1_600] + characters()[1_601]


def _zipf_table(ranked: Sequence[str]) -> Sequence[str]:
    """Return a table with each word as often as Zipf's law has it, at least once."""
    harmonic = sum(1 / rank for rank in range(1, len(ranked) + 1))
    counts = [max(1, round(_TABLE_SIZE / harmonic / rank)) for rank in range(1, len(ranked) + 1)]
    counts[0] += _TABLE_SIZE - sum(counts)
    return [word for word, count in zip(ranked, counts, strict=True) for _ in range(count)]


@cache
def _tables() -> tuple[Sequence[str], Sequence[str]]:
    return _zipf_table(vocabulary()), _zipf_table(characters())


def text(rng: random.Random) -> str:
    """Return a text of about 500 characters, one in ten of them Chinese."""
    if rng.getrandbits(8) < _CHINESE_SHARE:
        return _sample(rng, "", _tables()[1], 200 + rng.getrandbits(8))
    return _sample(rng, " ", _tables()[0], 50 + rng.getrandbits(6)).capitalize()


def title(rng: random.Random) -> str:
    """Return a name for a thread, of a few words."""
    return _sample(rng, " ", _tables()[0], 5).capitalize()


def _sample(rng: random.Random, between: str, table: Sequence[str], count: int) -> str:
    picks = memoryview(rng.randbytes(2 * count)).cast("H")
    return between.join(map(table.__getitem__, picks))


@cache
def of_common_trigrams() -> Sequence[str]:
    """Return words that are no words, though all their trigrams are frequent."""
    weights = _trigrams(enumerate(vocabulary(), 1))
    starts = [trigram for trigram, _ in weights.most_common(400)]
    grown = (_grow(start, weights) for start in starts)
    whole = " ".join(vocabulary())
    return tuple(dict.fromkeys(word for word in grown if len(word) == 8 and word not in whole))[:5]


def _trigrams(ranked: Iterable[tuple[int, str]]) -> Counter[str]:
    weights: Counter[str] = Counter()
    for rank, word in ranked:
        for start in range(len(word) - 2):
            weights[word[start : start + 3]] += _TABLE_SIZE // rank
    return weights


def _grow(start: str, weights: Counter[str]) -> str:
    """Return a word of eight letters, each next trigram the most frequent one not yet in it."""
    word = start
    while len(word) < 8:
        after = [trigram for trigram in weights if trigram[:2] == word[-2:] and trigram not in word]
        if not after:
            break
        word += max(after, key=weights.__getitem__)[2]
    return word
