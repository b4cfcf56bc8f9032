"""What servers say in an answer, in all the forms that are seen."""

import base64
from typing import Any

import pytest

from chat.models.base import AnswerInterrupted, Ending, GeneratedImage, Piece
from chat.models.parser import AnswerParser
from chat.models.replies import ReplyError, error_of

PNG = b"\x89PNG\r\n"
DATA = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def parse(*choices: Any, **more: Any) -> tuple[str, str, list[GeneratedImage]]:
    """Return the thoughts, the answer and the images of a stream of choices."""
    parser = AnswerParser()
    told = [it for choice in choices for it in parser.feed({"choices": [choice], **more})]
    told += parser.end()
    pieces = [it for it in told if isinstance(it, Piece)]
    thoughts = "".join(it.text for it in pieces if it.is_thought)
    answer = "".join(it.text for it in pieces if not it.is_thought)
    return thoughts, answer, [it for it in told if isinstance(it, GeneratedImage)]


def deltas(*fields: dict[str, Any]) -> tuple[str, str, list[GeneratedImage]]:
    return parse(*({"delta": one} for one in fields))


@pytest.mark.parametrize(
    "delta",
    [
        {"content": "hi"},
        {"content": ["h", {"type": "text", "text": "i"}]},
        {"content": {"type": "text", "text": {"value": "hi"}}},
        {"content": [{"type": "output_text", "text": "hi"}, {"type": "audio", "data": "x"}]},
        {"content": [{"text": "hi"}, None, 7]},
        {"content": None, "refusal": "hi"},
        {"content": [{"type": "refusal", "refusal": "hi"}]},
        {"content": "hi", "reasoning_content": None, "reasoning": {}, "tool_calls": None},
    ],
)
def test_the_answer_is_found(delta: dict[str, Any]) -> None:
    assert deltas(delta) == ("", "hi", [])


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning_content": "hm"},
        {"reasoning": "hm", "reasoning_content": ""},
        {"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}]},
        {"reasoning": {"text": "hm"}},
        {"thinking": "hm"},
        {"content": [{"type": "thinking", "thinking": "hm"}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
        {"content": [{"type": "reasoning", "reasoning": "hm"}]},
        {"content": [{"type": "reasoning_text", "text": "hm"}]},
    ],
)
def test_thoughts_are_found(delta: dict[str, Any]) -> None:
    assert deltas(delta, {"content": "\n\nyes"}) == ("hm", "yes", [])


@pytest.mark.parametrize(
    "delta",
    [
        {"images": [{"type": "image_url", "image_url": {"url": DATA}}]},
        {"images": [DATA]},
        {"content": [{"type": "image_url", "image_url": DATA}]},
        {"content": [{"type": "image", "mimeType": "image/png", "data": DATA.split(",")[1]}]},
        {
            "content": [
                {
                    "type": "image",
                    "source": {
                        "type": "base64",
                        "media_type": "image/png",
                        "data": DATA.split(",")[1],
                    },
                }
            ]
        },
    ],
)
def test_images_of_a_model_are_found_once(delta: dict[str, Any]) -> None:
    assert deltas(delta, delta) == ("", "", [GeneratedImage("image/png", PNG)])


def test_an_image_elsewhere_is_a_link_and_a_broken_one_is_told() -> None:
    url = "https://example.org/a.png"
    assert deltas({"images": [{"image_url": {"url": url}}]})[1].strip() == f"[{url}]({url})"
    broken = {"images": [{"image_url": {"url": "data:image/png;base64,A"}}]}
    assert "cannot be read" in deltas(broken)[1]


def test_a_message_instead_of_a_delta_is_taken() -> None:
    assert parse({"message": {"content": "a"}}, {"message": {"content": "b"}}) == ("", "ab", [])
    assert parse({"text": "ab"}) == ("", "ab", [])


def test_a_whole_message_after_its_parts_is_said_once() -> None:
    whole = {"delta": {}, "message": {"content": "abc"}, "finish_reason": "stop"}
    assert parse({"delta": {"content": "ab"}}, whole) == ("", "abc", [])


def test_other_choices_and_odd_events_are_left_out() -> None:
    other = {"index": 1, "delta": {"content": "no"}}
    assert parse({"delta": {"content": "a"}}, other, None, 7, {"delta": None}) == ("", "a", [])
    parser = AnswerParser()
    odd: list[dict[str, Any]] = [{"choices": None}, {"choices": {}}, {}, {"usage": 7}]
    for event in odd:
        assert list(parser.feed(event)) == []


@pytest.mark.parametrize("name", ["content", "reasoning"])
def test_halves_of_a_character_are_joined(name: str) -> None:
    found = deltas(
        {name: "a\ud83d"}, {name: "\ude00b"}, {name: "\ud83d"}, {name: "c"}, {name: "\ud83d"}
    )
    assert "".join(found[:2]) == "a😀b\ufffdc\ufffd"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("stop", "stop"),
        ("STOP", "stop"),
        ("eos", "stop"),
        ("tool_calls", "stop"),
        ("length", "length"),
        ("MAX_TOKENS", "length"),
        ("content_filter", "content_filter"),
        ("SAFETY", "content_filter"),
    ],
)
def test_odd_reasons_mean_one_of_three(said: str, reason: str) -> None:
    parser = AnswerParser()
    list(parser.feed({"choices": [{"delta": {"content": "a"}, "finish_reason": said}]}))
    assert parser.ending() == Ending(reason)


@pytest.mark.parametrize("reason", [None, "", 7, {}])
def test_an_answer_is_whole_when_the_server_says_so_in_one_way_or_the_other(reason: Any) -> None:
    parser = AnswerParser()
    list(parser.feed({"choices": [{"delta": {"content": "a"}, "finish_reason": reason}]}))
    with pytest.raises(AnswerInterrupted):
        parser.ending()
    parser.finish()
    assert parser.ending() == Ending()


def test_tokens_are_counted_where_they_are_told() -> None:
    parser = AnswerParser()
    list(parser.feed({"choices": [{"finish_reason": "stop", "usage": {"input_tokens": 3}}]}))
    assert parser.ending() == Ending(input_tokens=3)
    list(parser.feed({"usage": {"prompt_tokens": 4, "completion_tokens": 5}}))
    assert parser.ending() == Ending(input_tokens=4, output_tokens=5)


@pytest.mark.parametrize(
    ("event", "message", "code"),
    [
        ({"error": "words"}, "words", ""),
        ({"error": {"message": "words", "code": 502}}, "words", "502"),
        ({"error": {"error": {"message": "words", "type": "overloaded"}}}, "words", "overloaded"),
        ({"type": "error", "error": {"type": "x", "message": "words"}}, "words", "x"),
        ({"object": "error", "message": "words", "code": 400}, "words", "400"),
        ({"detail": "words"}, "words", ""),
        ({"code": 1211, "msg": "words"}, "words", "1211"),
        ({"base_resp": {"status_code": 1004, "status_msg": "words"}}, "words", "1004"),
    ],
)
def test_errors_are_found_in_all_forms(event: dict[str, Any], message: str, code: str) -> None:
    error = error_of(event)
    assert error is not None
    assert (str(error), error.code) == (message, code)
    with pytest.raises(ReplyError, match="words"):
        list(AnswerParser().feed([event]))


@pytest.mark.parametrize(
    "event",
    [
        {"choices": [], "error": None},
        {"choices": [], "message": "x"},
        {"base_resp": {"status_code": 0, "status_msg": ""}, "choices": []},
        {"object": "chat.completion.chunk", "choices": []},
    ],
)
def test_what_is_no_error_is_none(event: dict[str, Any]) -> None:
    assert error_of(event) is None


def test_what_came_before_an_error_is_told_first() -> None:
    event = {
        "choices": [{"delta": {"content": "partial"}, "finish_reason": "error"}],
        "error": {"code": 502, "message": "Provider disconnected"},
    }
    told = AnswerParser().feed(event)
    assert next(told) == Piece("partial")
    with pytest.raises(ReplyError, match="Provider disconnected"):
        next(told)


def test_a_reason_that_is_a_fault_is_an_error() -> None:
    with pytest.raises(ReplyError, match="network_error"):
        list(AnswerParser().feed({"choices": [{"finish_reason": "network_error"}]}))
