"""The search among a million messages of others; what it finds is compared with the texts."""

import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from benchmarks import words
from benchmarks.data import OWNER, History
from benchmarks.layers.base import PAGE, Layer, page
from benchmarks.layers.keepchat import keepchat, open_keepchat
from benchmarks.report import Part, Table, duration
from benchmarks.setup import OURS, Setup, open_for_reading
from benchmarks.timing import Sample, combine, take_turns
from datalayer.layer import KeepchatDataLayer
from datalayer.search.folding import fold
from datalayer.search.terms import terms_of

ROUNDS = 20
BUDGET_S = 1.0  # for each word
RANDOM_WORDS = 100
RANDOM_CHINESE = 50
P95_S = 0.010
LONGEST_S = 0.050
CHINESE_P95_S = 0.030
_SHOWN = ("rare: one message", "1 % of the messages", "common: “ the ”", "absent")

HITS = 20  # a page of what the dialog shows

Groups = Mapping[str, Sequence[str]]
"""What is searched, by what it is an example of."""


def long_words() -> Groups:
    """Return words of three or more characters."""
    rng = random.Random(f"{words.SEED}:searched")
    known = [word for word in words.vocabulary() if len(word) >= 3]
    return {
        "rare: one message": [words.RARE],
        "0.1 % of the messages": [words.MEDIUM],
        "1 % of the messages": [words.PERCENT],
        "common: “ the ”": [" the "],
        "in 20 old threads only": [words.CLUSTERED],
        "in 1 % of the others' messages only": [words.FOREIGN],
        "of common trigrams": words.of_common_trigrams(),
        "absent": words.ABSENT,
        "100 words of the vocabulary": rng.sample(known, RANDOM_WORDS),
    }


def several_words() -> Groups:
    """Return words that are searched together."""
    return {
        "a rare and a common one": [f"the {words.RARE}"],
        "1 % and 0.1 % of the messages": [f"{words.PERCENT} {words.MEDIUM}"],
        "in 20 old threads, and a common one": [f"the {words.CLUSTERED}"],
        "1 % of the messages, and an absent one": [f"{words.PERCENT} {words.ABSENT[0]}"],
        "two common ones": [" ".join(words.vocabulary()[:2])],
        "ten, one of them rare": [" ".join([*words.vocabulary()[:9], words.RARE])],
        "ten common ones": [" ".join(words.vocabulary()[:10])],
    }


def chinese(history: History) -> Groups:
    """Return one and two Chinese characters."""
    ranked = words.characters()
    rng = random.Random(f"{words.SEED}:chinese")
    return {
        "one character, the most frequent": [ranked[1]],
        "one character, rare or absent": [ranked[-1], "龘"],
        "50 random characters": rng.sample(ranked[2:], RANDOM_CHINESE),
        "two characters, the most frequent": [ranked[1] + ranked[2]],
        "two characters, in one message": [words.rare_bigram()],
        "two characters, absent": [words.absent_bigram(), "龘靐"],
        "50 pairs from texts": list(_pairs(history, rng)),
    }


def _pairs(history: History, rng: random.Random) -> Iterator[str]:
    """Yield neighbouring characters of the owner's Chinese texts."""
    for number in range(RANDOM_CHINESE):
        thread = history.thread(OWNER, number * 7 % history.own)
        text = next(message.text for message in thread.messages if message.text[0] > "z")
        start = rng.randrange(len(text) - 20)
        yield next(pair for pair in _twos(text[start:]) if pair.isalpha())


def _twos(text: str) -> Iterator[str]:
    return (text[at : at + 2] for at in range(len(text) - 1))


async def search(setup: Setup) -> Part:
    """Measure the search for words of all kinds."""
    history = History(setup.history.own, setup.others_threads)
    latin, han, several = long_words(), chinese(history), several_words()
    shown = {**{group: latin[group] for group in _SHOWN}, **several}
    url = await setup.databases.filled(keepchat(), history)
    async with open_keepchat(url) as layer:
        needles = [*_all(latin), *_all(han), *_all(several)]
        await _check(layer, history, needles)
        samples = await _samples(layer, needles)
        hits = await _samples(layer, _all(shown), _show)
    part = _part(history)
    part.tables = [_table("three or more characters", latin, samples)]
    part.tables.append(_table("one or two Chinese characters", han, samples))
    part.tables.append(_table("several words", several, samples))
    part.tables.append(_table(f"{HITS} with what is shown of each", shown, hits))
    part.tables.append(await _compare_chainlit(setup))
    _judge(part, samples, latin, han)
    return part


def _part(history: History) -> Part:
    own, others = history.own * 100, history.others_threads * 100
    return Part(
        "Search",
        f"One user's {own:,} messages among {others:,} of 200 others; the first page of 35 "
        "threads. What it finds was compared with the texts. “Slowest” is the median of the "
        "slowest word of its kind. Chainlit's layers have the user's own messages only; the "
        "asyncpg layer looks at nothing but the names of threads.",
    )


def _judge(part: Part, samples: Mapping[str, Sample], latin: Groups, han: Groups) -> None:
    for group in ("rare: one message", "common: “ the ”"):
        part.within(f"search, {group}, p95", samples[latin[group][0]].p95, P95_S)
    everything = [samples[needle] for needle in _all(latin)]
    part.within("search, all words, p95", combine(everything).p95, P95_S)
    part.within("search, slowest word", max(one.median for one in everything), LONGEST_S)
    all_han = combine([samples[needle] for needle in _all(han)])
    part.within("search, one or two Chinese characters, p95", all_han.p95, CHINESE_P95_S)


def _all(groups: Groups) -> list[str]:
    return [needle for needles in groups.values() for needle in needles]


async def _check(layer: Layer, history: History, needles: Iterable[str]) -> None:
    """Compare what is found with the texts."""
    expected = expected_threads(history, needles)
    for needle, count in expected.items():
        found = await layer.list_threads(*page(OWNER, search=needle))
        message = f"{needle!r}: found {len(found.data)} of {count} threads"
        assert len(found.data) == min(count, PAGE), message


def expected_threads(history: History, needles: Iterable[str]) -> dict[str, int]:
    """Return in how many of the owner's threads each text occurs."""
    counts = dict.fromkeys(needles, 0)
    for number in range(history.own):
        thread = history.thread(OWNER, number)
        texts = [fold(text) for text in (thread.name, *(it.text for it in thread.messages))]
        whole = "\0".join(texts)
        for needle in counts:
            counts[needle] += terms_of(needle).are_in([whole])
    return counts


async def _find(layer: Layer, needle: str, _number: int) -> None:
    await layer.list_threads(*page(OWNER, search=needle))


async def _show(layer: KeepchatDataLayer, needle: str, _number: int) -> None:
    await layer.search(OWNER.id, needle, first=HITS)


async def _samples(
    layer: KeepchatDataLayer, needles: Sequence[str], search: Callable[..., Awaitable[None]] = _find
) -> dict[str, Sample]:
    calls = {needle: partial(search, layer, needle) for needle in dict.fromkeys(needles)}
    return await take_turns(calls, rounds=ROUNDS, warm=1, budget_s=BUDGET_S)


def _table(title: str, groups: Groups, samples: Mapping[str, Sample]) -> Table:
    table = Table((title, "median", "p95", "slowest", "calls"))
    for group, needles in groups.items():
        own = [samples[needle] for needle in needles]
        every, slowest = combine(own), max(one.median for one in own)
        times = map(duration, (every.median, every.p95, slowest))
        table.rows.append((group, *times, str(len(every.seconds))))
    return table


async def _compare_chainlit(setup: Setup) -> Table:
    """Return a table of what Chainlit's layers take for two words, and how much they find."""
    table = Table(("Chainlit's layers", "median", "threads found", "there are"))
    needles = [words.RARE, "the"]
    expected = expected_threads(setup.history, needles)
    async with open_for_reading(setup) as layers:
        for name in layers:
            if not name.startswith("Chainlit"):
                continue
            for needle in needles:
                samples = await take_turns(
                    {OURS: partial(_find, layers[name], needle)}, rounds=3, warm=1
                )
                found = len((await layers[name].list_threads(*page(OWNER, search=needle))).data)
                row = (duration(samples[OURS].median), str(found))
                table.rows.append((f"{name}, “{needle}”", *row, str(min(PAGE, expected[needle]))))
    return table
