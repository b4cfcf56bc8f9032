"""What of a thread goes to the model, and that a strict server takes it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chat.attachments.blocks import NamedReading, PromptFiles, PromptLimits
from chat.attachments.results import ExtractedText, Picture
from chat.models.tokens import estimate_tokens
from chat.turn.history import (
    GO_ON,
    LEAST_TOKENS,
    REFUSED,
    REFUSED_IMAGES,
    History,
    PastMessage,
    Talk,
    accepted,
    before,
    build,
    cost_of,
    going_on,
    messages_of,
)
from datalayer.fields import STEP_FIELDS
from datalayer.records import StepRecord
from tests.support.servers.replies import alternates

QUESTION = PastMessage("q", "user", "second question")


def step(kind: str, output: str | None, step_id: str = "1", **more: Any) -> StepRecord:
    fields = dict.fromkeys(STEP_FIELDS) | {"type": kind, "output": output, **more}
    return StepRecord(step_id, "thread", 1, fields)


def asked(text: str, message_id: str = "1") -> PastMessage:
    return PastMessage(message_id, "user", text)


def answered(text: str, message_id: str = "1") -> PastMessage:
    return PastMessage(message_id, "assistant", text)


def talk(*earlier: PastMessage, system: str = "", budget: int = 1_000, **more: Any) -> Talk:
    return build(earlier, QUESTION, system=system, budget=budget, **more)


def said(*earlier: PastMessage, **more: Any) -> list[tuple[str, Any]]:
    return [(it["role"], it.get("content")) for it in talk(*earlier, **more).messages]


THREAD = [
    step("user_message", "first question"),
    step("run", ""),
    step("assistant_message", "first answer"),
    step("tool", "a tool's output"),
    step("assistant_message", None),
    step("assistant_message", "The model's server is busy.", isError=True),
]


def test_messages_go_in_order_between_the_prompt_and_the_question() -> None:
    assert said(*messages_of(THREAD), system="Be brief.") == [
        ("system", "Be brief."),
        ("user", "first question"),
        ("assistant", "first answer"),
        ("user", "second question"),
    ]


def test_an_empty_prompt_is_no_message() -> None:
    assert said(system=" \n") == [("user", "second question")]


def test_a_question_without_an_answer_is_put_before_the_next() -> None:
    built = talk(asked("one", "1"), answered("1", "2"), asked("two", "3"), asked("three", "4"))
    assert [it.get("content") for it in built.messages] == [
        "one",
        "1",
        "two\n\nthree\n\nsecond question",
    ]
    assert (built.earlier, built.asked) == (["1", "2"], ["3", "4", "q"])
    assert built.before_question == ["1", "2", "3", "4"]


def test_answers_in_a_row_are_one_and_none_comes_first() -> None:
    assert said(answered("Welcome!"), asked("a"), answered("b"), answered("c")) == [
        ("user", "a"),
        ("assistant", "b\n\nc"),
        ("user", "second question"),
    ]


def test_what_is_blank_is_left_out() -> None:
    assert said(asked("a"), answered(" \n"), asked("\t"), asked("b")) == [
        ("user", "a\n\nb\n\nsecond question")
    ]


def test_what_no_server_can_read_is_replaced() -> None:
    assert said(asked("a\ud83d"), answered("b"), system="\udc00") == [
        ("system", "�"),
        ("user", "a�"),
        ("assistant", "b"),
        ("user", "second question"),
    ]


def test_the_oldest_is_left_out_first_and_no_answer_stands_alone() -> None:
    assert said(asked("a" * 300), answered("b" * 300), budget=120) == [("user", "second question")]


def test_the_history_has_no_gap() -> None:
    earlier = [asked("x"), answered("y" * 900), asked("z")]
    assert said(*earlier, budget=100) == [("user", "z\n\nsecond question")]


def test_the_question_is_whole_even_when_it_is_over_the_budget() -> None:
    long = PastMessage("q", "user", "q" * 10_000)
    built = build(messages_of(THREAD), long, system="s", budget=10)
    assert built.messages[-1] == {"role": "user", "content": "q" * 10_000}


def test_tokens_are_rather_overestimated() -> None:
    assert estimate_tokens("hello world, how are you today") >= 8
    assert estimate_tokens("你好世界") >= 4


# Images

PICTURE = NamedReading("a.png", Picture(mime="image/png", data="AAAA", width=1, height=1))


def test_images_of_questions_in_a_row_stay_with_their_words() -> None:
    files = PromptFiles(earlier={"1": [PICTURE]}, limits=PromptLimits(100))
    built = talk(asked("look", "1"), asked("and?", "2"), budget=10_000, files=files)
    [message] = built.messages
    content: Any = message.get("content")
    kinds = [(part["type"], part.get("text", "")) for part in content]
    assert kinds == [
        ("text", 'look\n\n<file name="a.png">\n[image 1 of this message]\n</file>'),
        ("image_url", ""),
        ("text", "and?\n\nsecond question"),
    ]
    assert built.with_images == ["1"]


def test_an_answer_has_no_files_but_a_word_for_an_image_alone() -> None:
    steps = [step("user_message", "draw", "1"), step("assistant_message", "", "2")]
    messages = messages_of(steps, ["2"])
    files = PromptFiles(earlier={"2": [PICTURE]}, limits=PromptLimits(100))
    assert said(*messages, budget=10_000, files=files) == [
        ("user", "draw"),
        ("assistant", "[an image]"),
        ("user", "second question"),
    ]


def test_images_that_were_refused_are_not_sent_again() -> None:
    limits = PromptLimits(100, refused_images=frozenset({"1"}))
    files = PromptFiles(earlier={"1": [PICTURE], "2": [PICTURE]}, limits=limits)
    built = talk(asked("a", "1"), asked("b", "2"), budget=10_000, files=files)
    assert built.with_images == ["2"]


# What was refused


def test_a_refused_question_stays_out_of_later_prompts() -> None:
    steps = [
        step("user_message", "bad", "1"),
        step("assistant_message", "refused", "2", isError=True, metadata={REFUSED: ["1"]}),
        step("user_message", "good", "3"),
        step("assistant_message", "fine", "4", metadata={REFUSED_IMAGES: ["3"]}),
    ]
    history = accepted(messages_of(steps), [it.fields["metadata"] for it in steps])
    assert [message.text for message in history.messages] == ["good", "fine"]
    assert history.refused_images == {"3"}
    assert not history.last_is_refused


def test_that_the_newest_question_was_refused_is_known() -> None:
    history = accepted([asked("a", "1"), answered("b", "2"), asked("c", "3")], [{REFUSED: ["3"]}])
    assert history.last_is_refused
    assert accepted([], [{REFUSED: ["3"]}]) == History([])


def test_metadata_of_another_kind_refuses_nothing() -> None:
    odd = [None, "{}", 3, {}, {REFUSED: True}, {REFUSED: "1"}, {REFUSED: None}, {REFUSED: [None]}]
    assert accepted([asked("a", "1")], odd).messages == [asked("a", "1")]


# Any conversation

IDS = st.integers(0, 40).map(str)
TEXTS = st.one_of(st.sampled_from(["", " ", "\n", "\ud800", "x" * 200]), st.text(max_size=40))
STEPS = st.builds(
    step,
    st.sampled_from(["user_message", "assistant_message", "run", "tool", "system_message", "odd"]),
    st.none() | TEXTS,
    IDS,
    isError=st.sampled_from([True, False, None]),
    metadata=st.one_of(
        st.none(),
        st.just({}),
        st.builds(lambda ids: {REFUSED: ids}, st.lists(IDS, max_size=3)),
    ),
)
READINGS = st.lists(
    st.sampled_from(
        [PICTURE, NamedReading("b", ExtractedText(text="words", total=5)), NamedReading("c", None)]
    ),
    min_size=1,
    max_size=3,
)
FILES = st.dictionaries(IDS, READINGS, max_size=5).map(
    lambda earlier: PromptFiles(earlier=earlier, limits=PromptLimits(500))
)


@given(
    st.lists(STEPS, max_size=20), st.sampled_from(["", "Be brief."]), st.integers(0, 8_000), FILES
)
def test_any_stored_sequence_gives_what_a_strict_server_takes(
    steps: list[StepRecord], system: str, budget: int, files: PromptFiles
) -> None:
    history = accepted(messages_of(steps), [it.fields["metadata"] for it in steps])
    built = build(history.messages, QUESTION, system=system, budget=budget, files=files)
    assert alternates(built.messages)
    assert (built.messages[0]["role"] == "system") is bool(system)
    for message in built.messages:
        content: Any = message.get("content")
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        assert all(part["text"].strip() for part in parts if part["type"] == "text")
        assert message["role"] == "user" or isinstance(content, str)
        str(content).encode()


@given(st.lists(STEPS, max_size=20))
def test_within_the_budget_nothing_is_lost_but_what_was_refused(steps: list[StepRecord]) -> None:
    history = accepted(messages_of(steps), [it.fields["metadata"] for it in steps])
    built = build(history.messages, QUESTION, system="", budget=1_000_000)
    refused = {
        one
        for it in steps
        if isinstance(found := it.fields["metadata"], dict)
        for one in found.get(REFUSED) or []
    }
    kept = [
        it
        for it in steps
        if it.fields["type"] in ("user_message", "assistant_message")
        and not it.fields["isError"]
        and str(it.fields["output"] or "").strip()
        and it.id not in refused
    ]
    first = next((n for n, it in enumerate(kept) if it.fields["type"] == "user_message"), len(kept))
    assert built.before_question == [it.id for it in kept[first:]]
    whole = "\n\n".join(str(message.get("content")) for message in built.messages)
    words = [str(it.fields["output"]) for it in kept[first:]]
    assert whole == "\n\n".join([*map(_clean, words), QUESTION.text])


def _clean(text: str) -> str:
    return "".join("�" if "\ud800" <= char <= "\udfff" or char == "\0" else char for char in text)


def at(second: int) -> StepRecord:
    created = f"2026-01-02T12:00:0{second}.000000Z"
    return step("user_message", "x", str(second), createdAt=created)


def test_what_followed_an_edited_question_is_no_history() -> None:
    steps = [at(1), at(2), at(3), at(4)]
    assert before(steps, "3", "2026-01-02T12:00:03Z") == [at(1), at(2)]
    assert before(steps, "5", "2026-01-02T12:00:05Z") == steps
    assert before(steps, "4", None) == [at(1), at(2), at(3)]


# Going on


def test_an_answer_is_gone_on_with_after_its_question() -> None:
    messages = [*talk(asked("first"), answered("yes"), system="Be brief.").messages]
    messages += going_on("half of", 1_000)
    assert alternates(messages)
    assert [it.get("content") for it in messages] == [
        "Be brief.", "first", "yes", QUESTION.text, "half of", GO_ON,
    ]  # fmt: skip
    assert cost_of(going_on("half of", 1_000)) == estimate_tokens("half of") + estimate_tokens(
        GO_ON
    )


def test_without_a_part_there_is_nothing_to_go_on_with() -> None:
    assert going_on("", 1_000) == []
    assert cost_of([]) == 0


@given(st.text(), st.integers(min_value=-1_000, max_value=3_000))
def test_of_a_long_part_the_end_is_sent(part: str, room: int) -> None:
    part = part + "the end"
    sent = str(going_on(part * 300, room)[0].get("content"))
    assert sent.endswith("the end")
    least = estimate_tokens("") + LEAST_TOKENS
    assert estimate_tokens(sent) <= max(least, room)
    assert _clean(part * 300).endswith(sent)
