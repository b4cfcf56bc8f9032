"""Each failure of a model has a sentence that says what to do."""

import httpx2
import openai
import pytest

from chat.models.base import Variables
from chat.wording.sentences import is_about_images, sentence_for

REQUEST = httpx2.Request("POST", "http://localhost/v1/chat/completions")


def refusal(status: int, message: str = "no") -> openai.APIStatusError:
    kinds = {
        400: openai.BadRequestError,
        404: openai.NotFoundError,
        422: openai.UnprocessableEntityError,
        429: openai.RateLimitError,
    }
    reply = httpx2.Response(status, request=REQUEST)
    return kinds.get(status, openai.APIStatusError)(message, response=reply, body=None)


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens.",
        "Prompt is too long",
        "{'code': 'context_length_exceeded'}",
        "input has too many tokens",
        "the request exceeds the available context size",
        "The input token count exceeds the maximum number of tokens allowed",
    ],
)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_prompt_that_is_too_long(status: int, message: str) -> None:
    assert sentence_for(refusal(status, message)).startswith("This is too long for the model.")


def test_a_temperature_that_a_model_does_not_take() -> None:
    said = sentence_for(refusal(400, "Unsupported value: 'temperature' does not support 0.3"))
    assert "chat settings" in said


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (openai.APITimeoutError(request=REQUEST), "in time"),
        (openai.APIConnectionError(request=REQUEST), "cannot be reached"),
        (refusal(400), "refuses the request"),
        (refusal(503), "has a fault"),
        (RuntimeError("a defect"), "Your message is kept"),
    ],
)
def test_each_failure_has_its_sentence(error: Exception, words: str) -> None:
    assert words in sentence_for(error)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Invalid content type. image_url is only supported by certain models."),
        (400, "this model is not a multimodal model"),
        (400, "This model does not support image inputs"),
        (500, "image input is not supported - hint: you may need to provide the mmproj"),
    ],
)
def test_a_refusal_of_images_is_known(status: int, message: str) -> None:
    assert is_about_images(refusal(status, message))


@pytest.mark.parametrize(
    ("status", "message", "words"),
    [
        (429, "Rate limit reached for phi-4-multimodal-instruct", "busy"),
        (429, "Too many tokens, please wait", "busy"),
        (504, "The upstream took too long", "has a fault"),
        (404, "There is no llama3.2-vision", "does not exist"),
    ],
)
def test_a_name_in_a_message_does_not_decide(status: int, message: str, words: str) -> None:
    assert words in sentence_for(refusal(status, message))
    assert status == 404 or not is_about_images(refusal(status, message))


def test_an_error_within_a_stream_is_judged_by_its_words() -> None:
    def said(message: str) -> str:
        return sentence_for(openai.APIError(message, REQUEST, body=None))

    assert "too long" in said("the request exceeds the available context size")
    assert "busy" in said("rate limit reached")
    assert "has a fault" in said("out of memory")


def test_the_variables_are_those_of_the_model() -> None:
    azure = Variables("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT")
    refused = openai.APIConnectionError(request=REQUEST)
    assert sentence_for(refused, azure).endswith("Check AZURE_OPENAI_ENDPOINT.")
