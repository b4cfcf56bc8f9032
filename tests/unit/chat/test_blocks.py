"""Files as blocks of text and images within a budget. Pure."""

from dataclasses import replace
from typing import Any

import pytest

from chat.attachments.blocks import (
    IMAGE_TOKENS,
    FittedFiles,
    NamedReading,
    PromptFiles,
    PromptLimits,
    fit,
    message_parts,
)
from chat.attachments.results import (
    ExtractedText,
    Picture,
    Reading,
    Reason,
    Remark,
    RemarkKind,
    Unread,
)
from chat.attachments.shares import share
from chat.turn.history import PastMessage, build

PICTURE = Picture(mime="image/jpeg", data="AAAA", width=1, height=1)


def text(words: str, total: int | None = -1, **counts: int) -> ExtractedText:
    return ExtractedText(text=words, total=len(words) if total == -1 else total, counts=counts)


def fitted(*readings: Reading | None, budget: int = 10_000, **options: Any) -> FittedFiles:
    files = [NamedReading(f"{number}.x", reading) for number, reading in enumerate(readings, 1)]
    return fit(files, budget, PromptLimits(**{"file_tokens": 1_000, **options}))


def english(files: FittedFiles) -> list[str]:
    return [str(note) for note in files.notes]


def test_a_file_is_a_block_with_its_name_and_length() -> None:
    [file] = [NamedReading('a "b" <c>\n&.pdf', text("Hello", pages=12))]
    block = fit([file], 1_000, PromptLimits(1_000))
    assert block == FittedFiles(
        '<file name="a &quot;b&quot; &lt;c&gt; &amp;.pdf" pages="12">\nHello\n</file>'
    )


def test_a_file_cannot_close_its_block() -> None:
    assert fitted(text("a</file>b</FILE >c")).text == (
        '<file name="1.x">\na&lt;/file>b&lt;/FILE >c\n</file>'
    )


def test_a_long_file_is_cut_and_both_are_told() -> None:
    cut = fitted(text("x" * 6_000, total=60_000), file_tokens=541)
    assert "[… cut: the first 500 of about 20,000 tokens …]\n</file>" in cut.text
    assert english(cut) == [
        "“1.x”: it is long, and the model gets the first 500 of about 20,000 tokens."
    ]
    assert cut.tokens < 541


@pytest.mark.parametrize("reading", [text("Hello"), PICTURE])
def test_what_is_not_as_in_the_file_is_told_to_model_and_person(
    reading: ExtractedText | Picture,
) -> None:
    remarked = replace(reading, remarks=(Remark(RemarkKind.FIRST_FRAME, "12"),))
    files = fitted(remarked)
    assert "[only the first of its 12 pictures is shown]" in files.text
    assert english(files) == ["“1.x”: only the first of its 12 pictures is shown."]


def test_all_that_is_to_say_of_a_file_is_one_sentence_in_each_language() -> None:
    remarks = (Remark(RemarkKind.FIRST_FRAME, "12"),)
    long = replace(text("x" * 6_000, total=60_000), remarks=remarks)
    [note] = fitted(long, file_tokens=541).notes
    assert str(note) == (
        "“1.x”: it is long, and the model gets the first 500 of about 20,000 tokens; "
        "only the first of its 12 pictures is shown."
    )
    assert note.in_language("zh") == (
        "“1.x”：文件较长，模型只得到前 500 个词元（共约 20,000 个）；共 12 幅图像，只显示第一幅。"
    )


@pytest.mark.parametrize("kind", list(RemarkKind))
def test_every_remark_has_its_words_in_both_languages(kind: RemarkKind) -> None:
    [note] = fitted(replace(text("Hello"), remarks=(Remark(kind, "7|3"),))).notes
    assert str(note).startswith("“1.x”: ")
    assert note.in_language("zh").startswith("“1.x”：")
    assert "{" not in str(note) + note.in_language("zh")


def test_a_file_of_unknown_length_is_cut() -> None:
    cut = fitted(text("x" * 6_000, total=None), file_tokens=541)
    assert english(cut) == ["“1.x”: it is long, and the model gets the first 500 tokens."]


def test_a_cut_ends_with_a_whole_character() -> None:
    assert "�" not in fitted(text("世" * 2_000), file_tokens=141).text


@pytest.mark.parametrize(
    ("needs", "budget", "shares"),
    [
        ([], 10, []),
        ([5, 5], 100, [5, 5]),
        ([100, 100], 50, [25, 25]),
        ([100, 4, 100], 50, [23, 4, 23]),
        ([1, 2, 3], 0, [0, 0, 0]),
        ([1, 2, 3], -7, [0, 0, 0]),
    ],
)
def test_short_files_stay_whole_and_long_ones_share(
    needs: list[int], budget: int, shares: list[int]
) -> None:
    assert share(needs, budget) == shares


def test_a_file_that_could_not_be_read_is_told_to_both() -> None:
    unread = fitted(Unread(reason=Reason.PASSWORD), text("Hello"))
    assert unread.text == (
        '<file name="1.x">\n[could not be read: it is protected with a password]\n</file>\n\n'
        '<file name="2.x">\nHello\n</file>'
    )
    assert english(unread) == ["“1.x” could not be read: it is protected with a password."]


def test_nobody_is_told_to_save_an_image_anew_for_a_model_that_sees_none() -> None:
    unread = fitted(Unread(reason=Reason.IMAGE), sees_images=False)
    assert unread.text == '<file name="1.x">\n[an image, which you cannot see]\n</file>'
    assert english(unread) == ["“1.x” was not sent: this model cannot see images."]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_sentence(reason: Reason) -> None:
    [note] = fitted(Unread(reason=reason)).notes
    assert str(note).startswith("“1.x” could not be read: ")
    assert str(note).endswith(".")
    assert note.in_language("zh").startswith("无法读取“1.x”：")
    assert note.in_language("zh").endswith("。")


def test_an_image_is_a_part_of_its_own() -> None:
    shown = fitted(PICTURE)
    assert message_parts("Look!", shown) == [
        {"type": "text", "text": 'Look!\n\n<file name="1.x">\n[image 1 of this message]\n</file>'},
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AAAA"}},
    ]
    assert IMAGE_TOKENS < shown.tokens < IMAGE_TOKENS + 50


def test_text_is_one_part() -> None:
    assert message_parts("Hi", FittedFiles()) == [{"type": "text", "text": "Hi"}]
    [part] = message_parts("", fitted(text("x")))
    assert part["text"] == '<file name="1.x">\nx\n</file>'


def test_images_for_which_there_is_no_room_are_left_out() -> None:
    shown = fitted(PICTURE, PICTURE, budget=IMAGE_TOKENS + 300)
    assert len(shown.images) == 1
    assert english(shown) == ["“2.x” was not sent: the model has no room for another image."]


@pytest.mark.parametrize("sees_images", [True, False])
def test_what_is_written_in_a_drawing_is_told_to_who_sees_it_and_who_does_not(
    sees_images: bool,
) -> None:
    shown = fitted(replace(PICTURE, words="Sales\nMay"), sees_images=sees_images)
    assert shown.text.endswith("\n[what is written in it]\nSales\nMay\n</file>")


def test_a_blind_model_gets_no_images_and_its_user_is_told() -> None:
    shown = fitted(PICTURE, sees_images=False)
    assert not shown.images
    assert "which you cannot see" in shown.text
    assert english(shown) == ["“1.x” was not sent: this model cannot see images."]


def test_a_refused_image_is_named_and_its_user_is_told() -> None:
    limits = PromptLimits(refused_images=frozenset({"1", "2"}))
    shown = fit([NamedReading("1.x", PICTURE)], 5_000, limits.of("1"))
    assert not shown.images
    assert english(shown) == ["“1.x” was not sent: the model's server does not take this image."]
    assert fit([NamedReading("1.x", PICTURE)], 5_000, limits.of("3")).images == (PICTURE,)


def test_an_older_image_is_only_named() -> None:
    assert fitted(None) == FittedFiles(
        '<file name="1.x">\n[an image from earlier, not shown again]\n</file>'
    )


# In the history


def asked(message_id: str, words: str) -> PastMessage:
    return PastMessage(message_id, "user", words)


def built(earlier: list[PastMessage], files: PromptFiles, budget: int = 10_000) -> list[Any]:
    question = PastMessage("q", "user", "question")
    return list(build(earlier, question, system="", budget=budget, files=files).messages)


def test_files_of_earlier_messages_count_again() -> None:
    files = PromptFiles(
        earlier={"1": [NamedReading("a.txt", text("old words"))]}, limits=PromptLimits(100)
    )
    [only] = built([asked("1", "look")], files)
    assert only["content"] == 'look\n\n<file name="a.txt">\nold words\n</file>\n\nquestion'


def test_a_message_of_files_alone_counts() -> None:
    files = PromptFiles(
        earlier={"1": [NamedReading("a.txt", text("old"))]}, limits=PromptLimits(100)
    )
    [only] = built([asked("1", "")], files)
    assert only["content"] == '<file name="a.txt">\nold\n</file>\n\nquestion'


def test_an_older_file_is_cut_to_what_is_left() -> None:
    long = [NamedReading("a.txt", text("x" * 3_000))]
    files = PromptFiles(earlier={"1": long}, limits=PromptLimits(1_000))
    [first] = built([asked("1", "look")], files, budget=300)
    assert "cut: the first " in first["content"]
    assert len(first["content"]) < 900


def test_the_files_of_the_question_come_before_the_history() -> None:
    question = fit([NamedReading("a.txt", text("x" * 2_400))], 900, PromptLimits(900))
    files = PromptFiles(question=question)
    [only] = built([asked("1", "y" * 600)], files, budget=950)
    assert "x" * 2_400 in only["content"]
