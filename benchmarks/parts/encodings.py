"""How often a text is read to the letter that does not say its encoding."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.encodings.corpus import Encoded, samples
from benchmarks.report import Part, Table
from chat.attachments.reading.text.candidates import CANDIDATES, NAMES
from chat.attachments.reading.text.decoding import decode

SIZES = (20, 50, 100, 200, 500, 1_000, 10_000, 100_000, 1_000_000)
SURE_FROM = 1_000
GOAL = 0.99
TEXTS = 20  # of each language, encoding and size
_FEW = {10_000: 4, 100_000: 2, 1_000_000: 1}
_SELDOM = ("mac-latin2", "iso8859-13", "cp857", "big5hkscs")
_UNICODE = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_NOTE = (
    "Sentences of the Universal Declaration of Human Rights in 45 languages, other texts than the "
    "counts of letters were made of, one after the other and cut at the size; and tables of names "
    "made of its words, amounts and prices. A text counts as read where each of its characters is "
    "right. A row is of all languages that are written in an encoding."
)
_Scores = Mapping[str, Mapping[int, "Score"]]
_SHIFTED = ("iso2022_jp_ext", ("ja",))


@dataclass(slots=True)
class Score:
    """Texts that were read, and what came of them."""

    texts: int = 0
    exact: int = 0
    wrong_and_sure: int = 0
    right_and_unsure: int = 0

    def add(self, sample: Encoded) -> None:
        """Read a text, and count it."""
        found = decode(sample.content)
        is_exact = found.text == sample.text.replace("\r", "\n")
        self.texts += 1
        self.exact += is_exact
        self.wrong_and_sure += not is_exact and found.is_sure
        self.right_and_unsure += is_exact and not found.is_sure

    @property
    def share(self) -> float:
        """How many of all texts were read to the letter."""
        return self.exact / self.texts if self.texts else 1.0


async def encodings(scale: float = 1.0) -> Part:
    """Read texts of twenty bytes to a megabyte in every encoding that may go unnamed."""
    return measure(SIZES, max(1, round(TEXTS * min(1.0, scale))))


def measure(sizes: Sequence[int], texts: int) -> Part:
    """Return what comes of so many texts of each size in each language and encoding."""
    part = Part("Texts that do not say their encoding", _NOTE)
    for title, of_rows in (("sentences", False), ("tables", True)):
        _add(part, title, sizes, _scores(sizes, texts, of_rows))
    return part


def _scores(sizes: Sequence[int], texts: int, of_rows: bool) -> _Scores:
    return {
        codec: {
            it: _score(codec, languages, it, min(texts, _FEW.get(it, texts)), of_rows)
            for it in sizes
        }
        for codec, languages in _encodings()
    }


def _encodings() -> Iterator[tuple[str, Sequence[str]]]:
    for candidate in CANDIDATES:
        if candidate.codec not in _SELDOM:
            yield candidate.codec, candidate.languages
    everywhere = sorted({it for candidate in CANDIDATES for it in candidate.languages})
    yield from ((codec, everywhere) for codec in _UNICODE)
    yield _SHIFTED


def _score(codec: str, languages: Sequence[str], size: int, texts: int, of_rows: bool) -> Score:
    score = Score()
    for language in languages:
        for sample in samples(language, codec, size, texts, of_rows=of_rows):
            score.add(sample)
    return score


def _add(part: Part, title: str, sizes: Sequence[int], scores: _Scores) -> None:
    table = Table((title, *(f"{size:,} bytes" for size in sizes)))
    for codec, by_size in scores.items():
        table.rows.append((NAMES[codec], *(_percent(by_size[it].share) for it in sizes)))
    whole = {size: _sum(by_size[size] for by_size in scores.values()) for size in sizes}
    table.rows.append(("all", *(_percent(whole[it].share) for it in sizes)))
    table.rows.append(("texts", *(f"{whole[it].texts:,}" for it in sizes)))
    table.rows.append(
        ("wrong, and no doubt said", *(str(whole[it].wrong_and_sure) for it in sizes))
    )
    table.rows.append(
        ("right, and a doubt said", *(str(whole[it].right_and_unsure) for it in sizes))
    )
    part.tables.append(table)
    for size in (it for it in sizes if it >= SURE_FROM):
        share = whole[size].share
        part.check(
            f"{title} of {size:,} bytes that are read to the letter",
            f"at least {GOAL:.0%}",
            _percent(share),
            share >= GOAL,
        )


def _sum(scores: Iterable[Score]) -> Score:
    whole = Score()
    for score in scores:
        whole.texts += score.texts
        whole.exact += score.exact
        whole.wrong_and_sure += score.wrong_and_sure
        whole.right_and_unsure += score.right_and_unsure
    return whole


def _percent(share: float) -> str:
    return f"{share:.1%}"
