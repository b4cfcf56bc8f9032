"""What is learned from a server's refusals."""

from typing import Any

import pytest

from chat.models.request_form import RequestForm, after_refusal

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]


def body(form: RequestForm, *, temperature: float | None = 0.5) -> dict[str, Any]:
    return form.body(MESSAGES, limit=7, temperature=temperature, streams=True)


def refused(*refusals: str, form: RequestForm | None = None) -> dict[str, Any]:
    """Return what is asked after these refusals."""
    form = form or RequestForm()
    for said in refusals:
        changed = after_refusal(form, body(form), said)
        assert changed is not None, said
        form = changed
    return body(form)


def test_at_first_all_is_asked_for() -> None:
    assert body(RequestForm()) == {
        "messages": MESSAGES,
        "stream": True,
        "max_tokens": 7,
        "temperature": 0.5,
        "stream_options": {"include_usage": True},
    }
    assert body(RequestForm().openais())["max_completion_tokens"] == 7
    assert "temperature" not in body(RequestForm(), temperature=None)


def test_the_limit_has_another_name_or_none() -> None:
    refusal = "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
    refusal += "'max_completion_tokens' instead."
    renamed = refused(refusal)
    assert (renamed.get("max_tokens"), renamed["max_completion_tokens"]) == (None, 7)
    extra = "body.max_completion_tokens: Extra inputs are not permitted"
    assert refused(extra, form=RequestForm().openais())["max_tokens"] == 7
    assert not {"max_tokens", "max_completion_tokens"} & set(refused(refusal, extra))


@pytest.mark.parametrize(
    "said",
    [
        "Unsupported value: 'temperature' does not support 0.3 with this model. Only the default "
        "(1) value is supported.",
        "`temperature` is deprecated for this model.",
        "Unknown parameter: temperature",
    ],
)
def test_a_temperature_is_left_out(said: str) -> None:
    assert "temperature" not in refused(said)


@pytest.mark.parametrize(
    "said",
    [
        "System role not supported",
        "Developer instruction is not enabled for models/gemma-3-27b-it",
        "Only user, assistant and tool roles are supported!",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "messages[0].role: unknown variant `system`, expected `user` or `assistant`",
    ],
)
def test_instructions_go_into_the_first_question(said: str) -> None:
    assert refused(said)["messages"] == [{"role": "user", "content": "Be brief.\n\nHello"}]


def test_instructions_go_before_the_parts_of_a_question() -> None:
    form = RequestForm(has_system_role=False)
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    asked: list[dict[str, Any]] = [MESSAGES[0], {"role": "user", "content": [image]}]
    assert form.fitted(asked) == [
        {"role": "user", "content": [{"type": "text", "text": "Be brief."}, image]}
    ]
    assert form.fitted(MESSAGES[:1]) == [{"role": "user", "content": "Be brief."}]
    assert form.fitted(MESSAGES[1:]) == MESSAGES[1:]


def test_counting_and_streaming_are_left_out() -> None:
    assert "stream_options" not in refused("Extra inputs are not permitted: stream_options")
    whole = refused("Streaming is not supported with this model: stream must be false.")
    assert (whole["stream"], whole.get("stream_options")) == (False, None)


@pytest.mark.parametrize(
    "said",
    [
        "no such thing",
        "This model's maximum context length is 8192 tokens.",
        "max_tokens is too large: 9000. This model supports at most 4096 completion tokens.",
        "temperature must be between 0 and 1",
        "Invalid image",
        "The server had an error",
    ],
)
def test_what_another_form_would_not_mend_teaches_nothing(said: str) -> None:
    assert after_refusal(RequestForm(), body(RequestForm()), said) is None


def test_what_is_left_out_is_not_left_out_again() -> None:
    form = RequestForm(takes_temperature=False, counts_tokens=False, has_system_role=False)
    for said in ("unknown: temperature", "unknown: stream_options", "system role not supported"):
        assert after_refusal(form, body(form), said) is None


def test_what_was_learned_is_told() -> None:
    first = RequestForm()
    assert first.learned(first) == []
    form = RequestForm(limit_names=(), takes_temperature=False, has_system_role=False)
    assert [line.split()[1] for line in form.learned(first)] == ["no", "no", "no"]
