"""What went wrong with the model, in a sentence."""

import httpx2
import openai
import pytest

from chat.sentences import BLIND, sentence_for


def refusal(status: int, message: str) -> openai.APIStatusError:
    request = httpx2.Request("POST", "http://model/v1/chat/completions")
    response = httpx2.Response(status, request=request)
    kind = openai.BadRequestError if status == 400 else openai.InternalServerError
    return kind(message, response=response, body=None)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Invalid content type. image_url is only supported by certain models."),
        (400, "this model is not a multimodal model"),
        (400, "This model does not support image inputs"),
        (500, "image input is not supported - hint: you may need to provide the mmproj"),
    ],
)
def test_a_model_that_cannot_see_images_says_so(status: int, message: str) -> None:
    assert sentence_for(refusal(status, message)) == BLIND


def test_other_refusals_keep_their_sentence() -> None:
    assert "refuses the request" in sentence_for(refusal(400, "maximum context length"))
    assert "has a fault" in sentence_for(refusal(500, "out of memory"))
