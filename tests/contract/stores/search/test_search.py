"""The contract of stores: the search finds any text in names and bodies, folded, in own threads."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datalayer.records import SearchPage
from datalayer.search.folding import fold
from datalayer.search.terms import terms_of
from datalayer.stores.base import Store
from datalayer.stores.memory import MemoryStore
from datalayer.writes import SaveStep, Write
from tests.conftest import examples
from tests.support.builders import (
    ALICE,
    BOB,
    clock,
    delete_step,
    delete_thread,
    element,
    found_by,
    get_user,
    keep_up,
    listed,
    new_id,
    save,
    step,
    thread,
    user,
)


async def body(store: Store, text: str) -> str:
    """Save a thread with this text in a step, and return its id."""
    write = step(new_id(), output=text)
    await save(store, write)
    return write.thread_id


async def named(store: Store, text: str) -> str:
    write = thread(name=text)
    await save(store, write)
    return write.id


@pytest.mark.parametrize("needle", ["The quick", "ck br", "fox", "x", "The quick brown fox"])
async def test_any_part_of_a_name_or_a_body_is_found(store: Store, needle: str) -> None:
    text = "The quick brown fox"
    expected = [await body(store, text), await named(store, text)]
    await body(store, "Something else that")
    await named(store, "Something else that")
    assert await found_by(store, needle) == expected[::-1]


async def test_a_text_across_a_name_and_a_body_is_not_found(store: Store) -> None:
    write = thread(name="one two")
    await save(store, write, step(write.id, output="three"), step(write.id, output="four"))
    assert await found_by(store, "twothree") == []
    assert await found_by(store, "threefour") == []
    assert await found_by(store, "three") == [write.id]


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("我想学习中文", "学"),
        ("我想学习中文", "中文"),
        ("日本語のテキスト", "キ"),
        ("한국어 문장", "국"),
        ("a 😀 b", "😀"),
        ("عربي", "رب"),
    ],
)
async def test_one_character_of_any_script_is_enough(store: Store, text: str, needle: str) -> None:
    expected = [await body(store, text), await named(store, text)]
    await body(store, "別の何か 不")
    assert await found_by(store, needle) == expected[::-1]


@pytest.mark.parametrize(
    "needle", ["%", "_", "\\", "'", '5"', '“"”', "*", "?", "[", ";--", "a%b", "\\_", "$1", ":a"]
)
async def test_no_character_is_special(store: Store, needle: str) -> None:
    text = f"x {needle.strip('“”')} y"
    expected = [await body(store, text), await named(store, text)]
    await body(store, "x ab axb a y")
    await named(store, "x ab axb a y")
    assert await found_by(store, needle) == expected[::-1]


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("Ünder", "ünd"),
        ("ünder", "ÜND"),
        ("Straße", "STRASSE"),
        ("STRASSE", "straße"),
        ("\uff21\uff22\uff23\uff11\uff12", "abc12"),
        ("abc123", "\uff21\uff22\uff23"),
        ("ﬁsh", "FISH"),
        ("Cafe\u0301", "CAF\u00c9"),
        ("CAF\u00c9", "cafe\u0301"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Ångström", "\u212bng"),
        ("ПРИВЕТ", "привет"),
        ("ﾃｷｽﾄ", "テキスト"),
        ("Málaga", "malaga"),
        ("malaga", "MÁLAGA"),
        ("İstanbul", "istanbul"),
        ("ёлка", "елка"),
        ("Łódź", "lodz"),
        ("two\n  lines", '"two lines"'),
    ],
)
async def test_the_search_folds(store: Store, text: str, needle: str) -> None:
    expected = [await body(store, f"a {text} b"), await named(store, f"a {text} b")]
    assert await found_by(store, needle) == expected[::-1]


async def test_a_mark_that_makes_another_letter_matters(store: Store) -> None:
    expected = await body(store, "がく")
    await body(store, "かく")
    assert await found_by(store, "が") == [expected]


async def test_words_are_found_in_any_order_and_place(store: Store) -> None:
    one = await body(store, "the quick brown fox")
    apart = thread(name="a quick note")
    await save(store, apart, step(apart.id, output="of foxes"), step(apart.id, output="brown"))
    await body(store, "the quick brown dog")
    await body(store, "a fox")
    assert await found_by(store, "fox quick") == [apart.id, one]
    assert await found_by(store, "FOX  brown quick") == [apart.id, one]
    assert await found_by(store, "fox the quick") == [one]
    assert await found_by(store, "fox cat") == []


async def test_a_phrase_is_found_as_it_is(store: Store) -> None:
    one = await body(store, "the quick brown fox, quick")
    await body(store, "brown quick, the fox")
    for phrase in (
        '"quick brown"',
        "“Quick Brown”",
        "«quick brown»",
        "「quick brown」",
        '"quick brown',
    ):
        assert await found_by(store, f"fox {phrase}") == [one]
    assert len(await found_by(store, "quick brown")) == 2


async def test_a_phrase_is_found_as_it_is_shown(store: Store) -> None:
    one = await body(store, "In **Málaga** stands a `tall` tower")
    for phrase in ('"malaga stands a tall tower"', '"**malaga** stands"', "`tall` tower**"):
        assert await found_by(store, phrase) == [one]


@pytest.mark.parametrize("blank", ["", " ", "`` **", "\t\n", "\u3000", '"', '" "', "“”", None])
async def test_blank_means_no_search(store: Store, blank: str | None) -> None:
    expected = [await body(store, "x"), await named(store, "y")]
    await save(store, thread(expected[0], name="z"))
    assert await listed(store, search=blank) == expected[::-1]


async def test_anothers_threads_are_never_found(store: Store) -> None:
    write = step(new_id(), owner=BOB, output="needle")
    await save(store, user(), write, thread(write.thread_id, owner=BOB, name="needle"))
    await save(store, step(new_id(), owner=None, output="needle"))
    assert await found_by(store, "needle") == []
    assert await found_by(store, "needle", BOB) == [write.thread_id]


async def test_a_thread_is_found_once(store: Store) -> None:
    write = thread(name="needle")
    await save(store, write, *[step(write.id, output="needle needle") for _ in range(5)])
    assert await found_by(store, "needle") == [write.id]


async def test_the_search_follows_changes(store: Store) -> None:
    write = step(new_id(), output="first body")
    await save(store, write, thread(write.thread_id, name="first name"))
    await save(
        store,
        step(write.thread_id, write.id, output="second body"),
        thread(write.thread_id, name="second name"),
    )
    assert await found_by(store, "first") == []
    assert await found_by(store, "second body") == [write.thread_id]
    assert await found_by(store, "second name") == [write.thread_id]
    await save(store, step(write.thread_id, write.id, output=""))
    assert await found_by(store, "second body") == []


async def test_the_search_forgets_what_is_deleted(store: Store) -> None:
    write = thread(name="a name")
    gone = step(write.id, output="needle")
    await save(store, write, gone, step(write.id, output="hay"))
    await save(store, delete_step(gone))
    assert await found_by(store, "needle") == []
    assert await found_by(store, "hay") == [write.id]
    await save(store, delete_thread(write.id))
    assert await found_by(store, "hay") == []


async def test_only_names_and_outputs_are_searched(store: Store) -> None:
    write = thread(name="a", tags=("needle",), metadata={"needle": "needle"})
    await save(
        store,
        write,
        step(write.id, name="needle", input="needle", output="hay"),
        element(write.id, name="needle"),
    )
    assert await found_by(store, "needle") == []


async def test_pages_of_a_search(store: Store) -> None:
    expected = [await body(store, f"needle {number}") for number in range(7)][::-1]
    await body(store, "hay")
    owner = await get_user(store)
    found, cursor = [], None
    for size in (3, 3, 1):
        page = await store.list_threads(owner.id, first=3, after=cursor, search="NEEDLE")
        assert len(page.threads) == size
        found += [record.id for record in page.threads]
        cursor = page.next_cursor
    assert (found, cursor) == (expected, None)


@pytest.mark.slow
async def test_the_last_words_of_a_long_text_are_found(store: Store) -> None:
    expected = await body(store, "Ü" * 1_000_000 + " the last words")
    assert await found_by(store, "üü the LAST words") == [expected]


@pytest.mark.parametrize("needle", ["\x00", "\ud800", "a\x00b", "needle\udfff"])
async def test_a_needle_that_no_text_can_hold_is_no_error(store: Store, needle: str) -> None:
    expected = await body(store, f"x {needle} y")
    await body(store, "something else")
    assert await found_by(store, needle) in ([expected], [])


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=TEXTS, needle=TEXTS)
async def test_what_is_found_is_what_contains_the_folded_text(
    store: Store, text: str, needle: str
) -> None:
    owner = new_id()
    await save(store, step(new_id(), owner=owner, output=f"{text}{needle}{text}"))
    expected = terms_of(needle).are_in([fold(f"{text}{needle}{text}")])
    assert bool(await found_by(store, needle, owner)) == expected


@pytest.mark.parametrize("needle", ["needle", "中", "中文", "œ", "x"])
async def test_what_only_old_threads_say_is_found(store: Store, needle: str) -> None:
    texts = [f"{number} {needle if number in (0, 3) else 'else'}" for number in range(25)]
    threads = [await body(store, text) for text in texts]
    user = await get_user(store, ALICE)
    for _ in range(2):
        page = await store.list_threads(user.id, first=1, search=needle)
        assert [found.id for found in page.threads] == [threads[3]]
        page = await store.list_threads(user.id, first=1, search=needle, after=page.next_cursor)
        assert [found.id for found in page.threads] == [threads[0]]
        assert page.next_cursor is None
        await keep_up(store)


async def test_what_was_changed_or_deleted_is_no_longer_found_in_the_index(store: Store) -> None:
    write = step(new_id(), output="before")
    others = [await body(store, "something else") for _ in range(25)]
    await save(store, write)
    await keep_up(store)
    await save(store, replace(write, fields={"output": "after"}, revision=clock.next()))
    assert await found_by(store, "before") == []
    assert await found_by(store, "after") == [write.thread_id]
    await save(store, delete_step(write))
    assert await found_by(store, "after") == []
    await save(store, *map(delete_thread, others))
    assert await found_by(store, "something") == []


def hide(said: SaveStep, hidden: bool | None = True) -> SaveStep:
    return step(said.thread_id, said.id, hidden=hidden)


async def test_what_only_hidden_steps_say_is_not_found(store: Store) -> None:
    thread_id = new_id()
    one, two = step(thread_id, output="one needle"), step(thread_id, output="two")
    await save(store, one, two, step(thread_id, output="hay"), thread(thread_id, name="a name"))
    for needle in ("needle", "hay", "name"):
        assert await found_by(store, needle) == [thread_id]
    await save(store, hide(one), hide(two))
    assert await found_by(store, "needle") == await found_by(store, "two") == []
    assert await found_by(store, "hay") == await found_by(store, "name") == [thread_id]
    await save(store, hide(one, False), hide(two, None))
    assert await found_by(store, "needle") == await found_by(store, "two") == [thread_id]


async def test_what_hidden_steps_say_later_is_not_found_until_they_are_shown(store: Store) -> None:
    said = step(new_id(), output="first", hidden=True)
    await save(store, said)
    assert await found_by(store, "first") == []
    await save(store, step(said.thread_id, said.id, output="second"))
    assert await found_by(store, "second") == []
    await save(store, hide(said, False))
    assert await found_by(store, "first") == []
    assert await found_by(store, "second") == [said.thread_id]


async def test_what_is_hidden_elsewhere_fills_no_page(store: Store) -> None:
    said = [step(new_id(), output=f"{number} needle") for number in range(25)]
    await save(store, *said)
    await keep_up(store)
    await save(store, *(hide(it) for it in said if it not in (said[3], said[0])))
    user = await get_user(store, ALICE)
    for _ in range(2):
        page = await store.list_threads(user.id, first=1, search="needle")
        assert [found.id for found in page.threads] == [said[3].thread_id]
        page = await store.list_threads(user.id, first=1, search="needle", after=page.next_cursor)
        assert [found.id for found in page.threads] == [said[0].thread_id]
        assert page.next_cursor is None
        await keep_up(store)


async def test_a_step_with_the_id_of_its_thread_does_not_hide_its_name(store: Store) -> None:
    thread_id = new_id()
    said = step(thread_id, thread_id, output="needle", hidden=True)
    await save(store, said, thread(thread_id, name="a name"))
    assert await found_by(store, "name") == [thread_id]
    assert await found_by(store, "needle") == []


async def test_a_long_conversation_is_found_in_whatever_part(store: Store) -> None:
    thread_id = new_id()
    for number in range(12):
        filler = f"{number} lorem ipsum " * (300 if number == 6 else 10)
        await save(store, step(thread_id, output=f"{filler} word{number}"))
        await keep_up(store)
    for number in range(12):
        assert await found_by(store, f"word{number}") == [thread_id]


async def test_words_are_found_wherever_they_are_in_a_long_conversation(store: Store) -> None:
    """One may be indexed, another not yet, and some are in every conversation."""
    filler = "lorem ipsum dolor sit amet " * 300
    threads = [new_id() for _ in range(6)]
    for number, thread_id in enumerate(threads):
        await save(store, thread(thread_id, name=f"zebra {number}"), step(thread_id, output=filler))
        await save(store, step(thread_id, output=f"{filler} quixotic{number % 2} {filler}"))
    await keep_up(store)
    for number, thread_id in enumerate(threads):
        await save(store, step(thread_id, output=f"balloon{number % 3}"))
    newest = threads[::-1]
    assert await found_by(store, "zebra lorem") == newest
    assert await found_by(store, "quixotic1 lorem") == newest[::2]
    assert await found_by(store, "balloon2 quixotic1 zebra ipsum dolor") == [threads[5]]
    assert await found_by(store, '"zebra 3" balloon0 quixotic1') == [threads[3]]
    assert await found_by(store, "quixotic1 absentword lorem") == []
    assert await found_by(store, "balloon0 quixotic0 zebra dolor amet sit ipsum a b c w") == []
    assert await found_by(store, "balloon0 quixotic0 zebra dolor amet sit ipsum a o l x") == [
        threads[0]
    ]


WORDS = st.sampled_from(
    [
        "Málaga",
        "malaga",
        "Straße",
        "strass",
        "İstanbul",
        "が",
        "か",
        "学习",
        "学",
        "two words",
        "a",
        "ё",
    ]
)
CONVERSATIONS = st.lists(
    st.lists(st.lists(WORDS, max_size=3).map(" \n".join), max_size=3), max_size=6
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(CONVERSATIONS, st.lists(WORDS | WORDS.map('"{}"'.format), min_size=1, max_size=4))
async def test_every_store_finds_and_shows_what_memory_does(
    store: Store, conversations: list[list[str]], words: list[str]
) -> None:
    oracle, owner, search = MemoryStore(), new_id(), " ".join(words)
    for texts in conversations:
        named = thread(owner=owner, name=texts[0] if texts else None)
        writes: list[Write] = [
            named,
            *(step(named.id, owner=owner, output=text) for text in texts[1:]),
        ]
        await save(oracle, *writes)
        await save(store, *writes)
    if not conversations:
        return
    user = await get_user(oracle, owner)
    expected = await pages_of_hits(oracle, user.id, search)
    for _ in range(2):
        assert await pages_of_hits(store, user.id, search) == expected
        await keep_up(store)


async def pages_of_hits(store: Store, user_id: str, search: str) -> list[SearchPage]:
    pages = [await store.search(user_id, search, first=2)]
    while cursor := pages[-1].next_cursor:
        pages.append(await store.search(user_id, search, first=2, after=cursor))
    return pages
