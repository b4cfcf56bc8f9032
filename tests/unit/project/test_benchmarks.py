"""The benchmarks' pure parts: the data they make up, what they say of it, and the plot."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from benchmarks import report, timing, words
from benchmarks.data import (
    FAVORITES,
    FEEDBACKS,
    MESSAGES,
    OWNER,
    History,
    Message,
    Thread,
    User,
)
from benchmarks.parts.search import chinese, expected_threads, long_words
from benchmarks.parts.turn import Cost, cost
from benchmarks.parts.watchers import Shown
from benchmarks.plot import draw
from benchmarks.timing import Sample, take_turns
from benchmarks.units import cost as units

HISTORY = History(own=40, others_threads=80)


@cache
def _threads(history: History = HISTORY) -> Sequence[Thread]:
    return tuple(history.threads())


def _own(history: History) -> list[Message]:
    return [
        message
        for thread in _threads(history)
        if thread.user == OWNER
        for message in thread.messages
    ]


@pytest.mark.slow
def test_the_data_is_the_same_every_time() -> None:
    assert list(History(3, 6).threads()) == list(History(3, 6).threads())


@pytest.mark.slow
def test_all_texts_and_ids_are_different() -> None:
    messages = [message for thread in _threads() for message in thread.messages]
    assert len(messages) == 120 * MESSAGES
    assert len({message.text for message in messages}) == len(messages)
    assert len({message.id for message in messages}) == len(messages)


@pytest.mark.slow
def test_threads_of_others_lie_among_the_owners() -> None:
    users = [thread.user for thread in _threads()]
    assert users.count(OWNER) == 40
    assert {users.index(OWNER, start) - start for start in range(0, 120, 3)} == {0}
    assert User(1) in users


@pytest.mark.slow
def test_one_text_in_ten_is_chinese() -> None:
    messages = _own(HISTORY)
    share = sum(message.text[0] > "z" for message in messages) / len(messages)
    assert 0.08 < share < 0.12


@pytest.mark.slow
def test_what_a_read_returns_is_as_much_in_a_longer_history() -> None:
    for history in (History(40), History(80)):
        messages = _own(history)
        assert sum(message.favorite for message in messages) == FAVORITES
        assert sum(message.feedback == 1 for message in messages) == FEEDBACKS


@pytest.mark.slow
def test_planted_words_are_where_they_should_be_and_nowhere_else() -> None:
    texts = [message.text for message in _own(HISTORY)]
    assert sum(words.RARE in text for text in texts) == 1
    assert sum(words.rare_bigram() in text for text in texts) == 1
    assert sum(words.MEDIUM in text for text in texts) == 4
    assert sum(words.PERCENT in text for text in texts) == 40
    assert sum(words.CLUSTERED in text for text in texts) == 20 * MESSAGES
    unwanted = (words.FOREIGN, words.absent_bigram(), *words.ABSENT)
    assert not [word for word in unwanted if any(word in text for text in texts)]


@pytest.mark.slow
def test_the_words_that_are_searched_occur_as_often_as_they_say() -> None:
    expected = expected_threads(HISTORY, [words.RARE, " the ", words.ABSENT[0]])
    assert list(expected.values()) == [1, 40, 0]
    assert all(len(word) >= 3 for found in long_words().values() for word in found)
    assert all(len(word) in (1, 2) for found in chinese(HISTORY).values() for word in found)


def test_verdicts_tell_what_is_met() -> None:
    part = report.Part("Part")
    part.at_least("more", 3.0, 3)
    part.at_least("too little", 2.99, 3)
    part.at_most("less", 1.5, 1.5)
    part.at_most("too much", 1.51, 1.5)
    part.within("soon", 0.009, 0.01)
    part.within("late", 0.011, 0.01)
    assert [verdict.met for verdict in part.verdicts] == [True, False] * 3
    table = report.render(report.verdicts([part]))
    assert table.count("**not met**") == 3
    assert "| at most 10.0 ms |  11.0 ms |" in table


def test_a_comparison_gives_multiples_of_ours() -> None:
    part = report.Part("Part")
    samples = {"ours": Sample((0.001, 0.002, 0.003)), "theirs": Sample((0.004, 0.006, 0.008))}
    table = part.compare(samples, "ours")
    assert table.rows[1] == ("theirs", "6.00 ms", "8.00 ms", "3.00x", "3")
    assert part.ratios == {"theirs": pytest.approx(3)}


def test_only_what_stands_between_the_markers_is_replaced() -> None:
    document = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    written = report.insert_into(document, "new")
    assert written == f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"
    with pytest.raises(ValueError, match="have to be in the document"):
        report.insert_into("nothing", "new")


async def test_the_slow_have_fewer_rounds_and_all_take_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def ask(name: str) -> None:
        asked.append(name)

    monkeypatch.setattr(timing, "TURN", 2)
    samples = await take_turns(
        {"a": lambda _number: ask("a"), "b": lambda _number: ask("b")}, rounds=5, warm=1
    )
    assert "".join(asked) == "ab" + "aabb" * 2 + "ab"
    assert [len(sample.seconds) for sample in samples.values()] == [5, 5]
    samples = await take_turns({"a": lambda _number: ask("a")}, rounds=5, budget_s=0)
    assert len(samples["a"].seconds) == 3


def test_p95_is_the_longest_of_few_and_not_of_many() -> None:
    assert Sample((0.1, 0.3, 0.2)).p95 == 0.3
    assert Sample((*[0.1] * 99, 9.0)).p95 == 0.1


def test_statements_and_transactions_are_counted_by_connection() -> None:
    log = """
2026-01-01 10:00:00.000 UTC [7] LOG:  statement: BEGIN;
2026-01-01 10:00:00.000 UTC [8] LOG:  execute __asyncpg_stmt_1__: SELECT 1
2026-01-01 10:00:00.000 UTC [7] LOG:  execute __asyncpg_stmt_2__:\x20
\t    INSERT INTO steps
2026-01-01 10:00:00.000 UTC [7] DETAIL:  parameters: $1 = 'LOG:  statement: no'
2026-01-01 10:00:00.000 UTC [7] LOG:  statement: COMMIT;
2026-01-01 10:00:00.000 UTC [7] LOG:  statement: SELECT 2
"""
    assert cost(log.splitlines()) == Cost(round_trips=5, transactions=3)


@pytest.mark.slow
def test_the_plot_is_the_same_for_the_same_figures(tmp_path: Path) -> None:
    part = report.Part("Sidebar", ratios={"theirs": 12.0, "by hand": 0.8})
    draws = [tmp_path / name for name in ("a.svg", "b.svg")]
    for path in draws:
        draw([part, report.Part("without ratios")], path)
    assert draws[0].read_bytes() == draws[1].read_bytes()


def test_units_are_those_that_answers_tell() -> None:
    told = {"ConsumedCapacity": {"CapacityUnits": 12.5}}
    assert str(units("Query", {}, told)) == "1 / 12.5 / 0"
    assert str(units("PutItem", {}, told)) == "1 / 0 / 12.5"
    assert str(units("BatchWriteItem", {}, {"ConsumedCapacity": [{"CapacityUnits": 25.0}]})) == (
        "1 / 0 / 25"
    )


def test_an_item_of_a_transaction_takes_two_units_a_kilobyte_and_its_index_one() -> None:
    listed = {"PK": {"S": "a"}, "UserThreadPK": {"S": "b"}}
    large = {"PK": {"S": "a"}, "b": {"B": b"x" * 1_100}}
    actions = [{"Put": {"Item": listed}}, {"Put": {"Item": large}}, {"ConditionCheck": {}}]
    told = {"ConsumedCapacity": [{"CapacityUnits": 2.0}]}
    found = units("TransactWriteItems", {"TransactItems": actions}, told)
    assert str(found) == "1 / 0 / 9"


def test_a_key_that_is_not_there_takes_a_unit() -> None:
    request = {"RequestItems": {"table": {"Keys": [1, 2, 3, 4]}}}
    answer = {
        "Responses": {"table": ["an item"]},
        "UnprocessedKeys": {"table": {"Keys": [4]}},
        "ConsumedCapacity": [{"CapacityUnits": 1.0}],
    }
    assert str(units("BatchGetItem", request, answer)) == "1 / 3 / 0"


def test_a_page_that_missed_a_word_is_found_whatever_it_is_given_at_the_end() -> None:
    answer = {"id": "a", "type": "assistant_message", "output": "one "}
    begun = [("resume_thread", {"steps": [answer]}), ("stream_token", {"id": "a", "token": "two"})]
    for events, missed in ((begun, 0), (begun[:1], 1), ([*begun, begun[1]], 1)):
        shown = Shown()
        for event, data in [*events, ("update_message", {**answer, "output": "one two"})]:
            shown.take(event, data)
        assert (shown.answers, shown.not_heard) == ({"a": "one two"}, missed)
