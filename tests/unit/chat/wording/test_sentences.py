"""Each failure of a model has a sentence that says what to do, for who reads it."""

import ssl

import httpx2
import openai
import pytest

from chat.models.base import (
    AnswerInterrupted,
    AnswerWithheld,
    EmptyAnswer,
    NoChatAPI,
    ServerBusy,
    Variables,
)
from chat.wording import sentences
from chat.wording.catalogue import placeholders
from chat.wording.faults import Fault, ThreadDeleted, fault_of, image_fault
from chat.wording.sentences import TELL, in_one_line, sentence_for, sentences_for, wait_in_words

REQUEST = httpx2.Request("POST", "http://localhost/v1/chat/completions")
SETTINGS = ("OPENAI_", "MODEL_", "SSL_", "PROXY", "DATA_DIR")


def refusal(status: int, message: str = "no", body: object = None) -> openai.APIStatusError:
    kinds = {
        400: openai.BadRequestError,
        401: openai.AuthenticationError,
        403: openai.PermissionDeniedError,
        404: openai.NotFoundError,
        422: openai.UnprocessableEntityError,
        429: openai.RateLimitError,
    }
    reply = httpx2.Response(status, request=REQUEST)
    return kinds.get(status, openai.APIStatusError)(message, response=reply, body=body)


def in_stream(message: str, **body: object) -> openai.APIError:
    return openai.APIError(message, REQUEST, body=body or None)


@pytest.mark.parametrize(
    ("status", "message", "fault"),
    [
        # Credit
        (402, "Insufficient Balance", Fault.CREDIT),
        (402, "This request requires more credits, or fewer max_tokens.", Fault.CREDIT),
        (429, "{'error': {'code': 'insufficient_quota'}}", Fault.CREDIT),
        (400, "Your credit balance is too low to access the API.", Fault.CREDIT),
        (429, "账户余额不足，请充值", Fault.CREDIT),
        (429, "Resource has been exhausted (e.g. check quota).", Fault.BUSY),
        (429, "Rate limit reached for phi-4-multimodal-instruct", Fault.BUSY),
        (429, "Too many tokens, please wait", Fault.BUSY),
        (
            429,
            "Request too large for gpt-x on tokens per min (TPM): Limit 1, Requested 2",
            Fault.TOO_LONG,
        ),
        # Content
        (
            400,
            "{'code': 'content_filter', 'innererror': {'code': 'ResponsibleAIPolicyViolation'}}",
            Fault.CONTENT,
        ),
        (400, "content_policy_violation", Fault.CONTENT),
        (403, "Your chosen model requires moderation and your input was flagged", Fault.CONTENT),
        (400, "The prompt was blocked: PROHIBITED_CONTENT", Fault.CONTENT),
        (
            400,
            "Invalid prompt: your prompt was flagged as violating our usage policy",
            Fault.CONTENT,
        ),
        (
            400,
            "Input data may contain inappropriate content. data_inspection_failed",
            Fault.CONTENT,
        ),
        (400, "Content Exists Risk", Fault.CONTENT),
        (400, "系统检测到输入内容可能包含不安全或敏感内容", Fault.CONTENT),
        # Too long
        (400, "This model's maximum context length is 8192 tokens.", Fault.TOO_LONG),
        (
            400,
            "maximum context length is 8192 tokens. However, you requested 9000 tokens (5000 in "
            "the messages, 4000 in the completion).",
            Fault.TOO_LONG,
        ),
        (400, "Prompt is too long", Fault.TOO_LONG),
        (413, "prompt is too long: 210000 tokens > 200000 maximum", Fault.TOO_LONG),
        (422, "{'code': 'context_length_exceeded'}", Fault.TOO_LONG),
        (400, "input has too many tokens", Fault.TOO_LONG),
        (400, "the request exceeds the available context size", Fault.TOO_LONG),
        (400, "The input token count exceeds the maximum number of tokens allowed", Fault.TOO_LONG),
        (
            422,
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096",
            Fault.TOO_LONG,
        ),
        (400, "max_tokens must be at least 1, got -3", Fault.TOO_LONG),
        (400, "Please reduce the length of the messages.", Fault.TOO_LONG),
        (400, "Range of input length should be [1, 30720]", Fault.TOO_LONG),
        (500, "llama: prompt exceeds n_ctx", Fault.TOO_LONG),
        # Too large
        (413, "Payload Too Large", Fault.TOO_LARGE),
        (413, "<html><title>413 Request Entity Too Large</title></html>", Fault.TOO_LARGE),
        (400, "request_too_large", Fault.TOO_LARGE),
        # Too many tokens of output
        (
            400,
            "max_tokens is too large: 100000. This model supports at most 16384 completion tokens",
            Fault.TOO_MANY_OUTPUT,
        ),
        (
            400,
            "max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens",
            Fault.TOO_MANY_OUTPUT,
        ),
        (400, "`max_tokens` must be less than or equal to `8192`", Fault.TOO_MANY_OUTPUT),
        (
            400,
            "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
            Fault.TOO_MANY_OUTPUT,
        ),
        (400, "Range of max_tokens should be [1, 8192]", Fault.TOO_MANY_OUTPUT),
        (
            400,
            "'max_tokens' is too large: 4000. This model's maximum context length is 2048 tokens",
            Fault.TOO_MANY_OUTPUT,
        ),
        (
            400,
            "it has a maxOutputTokens value of 100000 but the supported range is from 1 to 8193",
            Fault.TOO_MANY_OUTPUT,
        ),
        (400, "Unsupported value: 'temperature' does not support 0.3", Fault.TEMPERATURE),
        # The model
        (404, "The model `x` does not exist or you do not have access to it.", Fault.NO_MODEL),
        (404, 'model "x" not found, try pulling it first', Fault.NO_MODEL),
        (404, "There is no llama3.2-vision model", Fault.NO_MODEL),
        (404, "No endpoints found for x/y.", Fault.NO_MODEL),
        (
            404,
            "DeploymentNotFound: The API deployment for this resource does not exist",
            Fault.NO_MODEL,
        ),
        (400, "x/y is not a valid model ID", Fault.NO_MODEL),
        (404, "The model `x` has been deprecated, learn more here", Fault.DEPRECATED),
        (
            400,
            "The model `x` has been decommissioned and is no longer supported.",
            Fault.DEPRECATED,
        ),
        (404, "No models loaded. Please load a model in the developer page.", Fault.NOT_LOADED),
        (503, "Loading model", Fault.NOT_LOADED),
        (500, "model is not loaded", Fault.NOT_LOADED),
        # The path
        (404, "404 page not found", Fault.WRONG_PATH),
        (404, "Error code: 404 - {'detail': 'Not Found'}", Fault.WRONG_PATH),
        (
            404,
            "<!DOCTYPE html><html>The model you are looking for was not found</html>",
            Fault.WRONG_PATH,
        ),
        (404, "Invalid URL (POST /v1/chat/completions/chat/completions)", Fault.WRONG_PATH),
        (405, "Method Not Allowed", Fault.WRONG_PATH),
        (307, "moved", Fault.WRONG_PATH),
        # Who asks
        (401, "Incorrect API key provided", Fault.KEY),
        (400, "API key not valid. Please pass a valid API key.", Fault.KEY),
        (403, "Project does not have access", Fault.FORBIDDEN),
        (403, "Country, region, or territory not supported", Fault.REGION),
        (400, "User location is not supported for the API use.", Fault.REGION),
        (407, "Proxy Authentication Required", Fault.PROXY),
        # The server
        (400, "no", Fault.REQUEST),
        (500, "no", Fault.SERVER),
        (503, "no", Fault.SERVER),
        (503, "The model is overloaded. Please try again later.", Fault.BUSY),
        (529, "Overloaded", Fault.BUSY),
        (504, "The upstream took too long", Fault.LATE),
        (None, "the request exceeds the available context size", Fault.TOO_LONG),
        (None, "rate limit reached", Fault.BUSY),
        (None, "out of memory", Fault.SERVER),
        (None, "Provider disconnected", Fault.SERVER),
    ],
)
def test_a_refusal_is_known_by_its_status_and_its_words(
    status: int | None, message: str, fault: Fault
) -> None:
    assert fault_of(in_stream(message) if status is None else refusal(status, message)) is fault


def test_what_the_body_says_counts_too() -> None:
    assert fault_of(refusal(400, "no", {"code": "content_filter"})) is Fault.CONTENT
    assert fault_of(in_stream("no", code="insufficient_quota")) is Fault.CREDIT


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("Provider disconnected", Fault.PROVIDER_LOST),
        ("Error 502: upstream connect error", Fault.PROVIDER_LOST),
        ("Connection reset by peer", Fault.PROVIDER_LOST),
        ("Overloaded", Fault.OVERLOADED_MIDWAY),
        ("Upstream: rate limit exceeded", Fault.OVERLOADED_MIDWAY),
        ("Request timed out", Fault.LATE_MIDWAY),
        ("Stream idle timeout", Fault.LATE_MIDWAY),
        ("", Fault.BROKE_OFF),
        ("CUDA out of memory", Fault.BROKE_OFF),
    ],
)
def test_an_answer_that_breaks_off_says_why(said: str, fault: Fault) -> None:
    assert fault_of(AnswerInterrupted(said)) is fault
    assert sentence_for(AnswerInterrupted(said)).startswith("The answer broke off")


def test_a_reason_that_is_not_known_is_told_to_operators() -> None:
    said = sentences_for(AnswerInterrupted("CUDA out of memory"))
    assert "CUDA out of memory" in str(said.operator)
    assert "CUDA out of memory" in said.operator.in_language("zh")
    assert "CUDA" not in str(said.user)


@pytest.mark.parametrize(
    ("cause", "fault"),
    [
        (httpx2.ReadError("Response payload is not completed: connection"), Fault.BROKE_OFF),
        (TimeoutError(), Fault.LATE_MIDWAY),
    ],
)
def test_what_the_client_says_of_a_line_that_was_cut_is_not_repeated(
    cause: Exception, fault: Fault
) -> None:
    exc = AnswerInterrupted(str(cause))
    exc.__cause__ = cause
    assert fault_of(exc) is fault
    assert "payload" not in sentence_for(exc)


def unreachable(*causes: BaseException, late: bool = False) -> openai.APIConnectionError:
    """An error of the client with what is behind it, by turns as cause and as context."""
    first = openai.APITimeoutError(REQUEST) if late else openai.APIConnectionError(request=REQUEST)
    above: BaseException = first
    for number, cause in enumerate(causes):
        setattr(above, "__context__" if number % 2 else "__cause__", cause)
        above = cause
    return first


class ClientProxyConnectionError(OSError):
    """As the client below calls it."""


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    ("causes", "fault"),
    [
        (
            [OSError("no"), ssl.SSLCertVerificationError(1, "self-signed certificate")],
            Fault.CERTIFICATE,
        ),
        ([OSError("[SSL: CERTIFICATE_VERIFY_FAILED]")], Fault.CERTIFICATE),
        ([ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")], Fault.NO_TLS),
        ([OSError("no"), ClientProxyConnectionError("refused")], Fault.PROXY),
        ([httpx2.ProxyError("407 Proxy Authentication Required")], Fault.PROXY),
        ([httpx2.ConnectError("[Errno -2] Name or service not known")], Fault.UNKNOWN_HOST),
        ([OSError("no"), ConnectionRefusedError(111, "no")], Fault.NOBODY_LISTENS),
        ([httpx2.ConnectError("All connection attempts failed")], Fault.NOBODY_LISTENS),
    ],
)
def test_the_cause_of_a_lost_connection_decides(
    causes: list[BaseException], fault: Fault, late: bool
) -> None:
    assert fault_of(unreachable(*causes, late=late)) is fault


def test_a_connection_without_a_known_cause() -> None:
    assert fault_of(unreachable(OSError("reset"))) is Fault.UNREACHABLE
    assert fault_of(unreachable(late=True)) is Fault.LATE
    looped = unreachable(first := OSError("a"))
    first.__cause__ = looped
    assert fault_of(looped) is Fault.UNREACHABLE


@pytest.mark.parametrize(
    ("exc", "fault"),
    [
        (ThreadDeleted(), Fault.THREAD_DELETED),
        (AnswerWithheld(), Fault.WITHHELD),
        (EmptyAnswer(), Fault.EMPTY),
        (NoChatAPI("HTML"), Fault.NO_CHAT_API),
        (ServerBusy(600), Fault.BUSY_FOR),
        (RuntimeError("a defect"), Fault.OTHER),
    ],
)
def test_what_is_no_error_of_the_client(exc: Exception, fault: Fault) -> None:
    assert fault_of(exc) is fault


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_sentences_in_both_languages_for_both_readers(fault: Fault) -> None:
    said = sentences._SENTENCES[fault]
    for language in ("en", "zh"):
        assert said.operator.in_language(language)
        # Who cannot mend a setting does not read of one.
        sentence = said.user.in_language(language)
        assert sentence
        assert not [name for name in SETTINGS if name in sentence]
        assert not {"url", "key"} & set(placeholders(sentence))
    assert said.operator.in_language("zh") != str(said.operator)
    assert (str(said.user) == TELL.en) == (said.user.in_language("zh") == TELL.zh)


def test_an_address_that_is_no_chat_api_is_told_with_what_came() -> None:
    said = sentences_for(NoChatAPI("Unexpected endpoint. Returning 200 anyway"))
    assert "no chat API (Unexpected endpoint. Returning 200 anyway)" in str(said.operator)
    assert "OPENAI_BASE_URL" in str(said.operator)
    assert str(said.user) == TELL.en


def test_braces_and_lines_in_what_a_server_says_are_no_harm() -> None:
    assert "({url} a b)" in sentence_for(NoChatAPI("{url} a\n\n b"))
    assert sentence_for(NoChatAPI("x" * 5_000)).count("x") < 400


def test_the_wait_is_told() -> None:
    assert "in 10 minutes" in sentence_for(ServerBusy(601))
    assert str(wait_in_words(49.6)) == "50 s"
    assert str(wait_in_words(0)) == "1 s"
    assert wait_in_words(125).in_language("zh") == " 2 分钟"


def test_the_variables_are_those_of_the_model() -> None:
    azure = Variables("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT")
    refused = openai.APIConnectionError(request=REQUEST)
    assert sentence_for(refused, azure).endswith("Check AZURE_OPENAI_ENDPOINT.")


def test_the_log_gets_an_error_and_its_causes_in_one_line() -> None:
    line = in_one_line(unreachable(OSError("a\nb"), ConnectionRefusedError(111, "no")))
    assert line.startswith("APIConnectionError: Connection error. <- OSError: a b <- Connection")
    assert "\n" not in line


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Invalid content type. image_url is only supported by certain models."),
        (400, "this model is not a multimodal model"),
        (400, "This model does not support image inputs"),
        (404, "No endpoints found that support image input"),
        (422, "image_url: content must be a string"),
        (500, "image input is not supported - hint: you may need to provide the mmproj"),
        (None, "This model does not support images"),
    ],
)
def test_a_refusal_of_images_as_such_is_known(status: int | None, message: str) -> None:
    exc = in_stream(message) if status is None else refusal(status, message)
    assert image_fault(exc) is Fault.IMAGES


@pytest.mark.parametrize(
    "message",
    [
        "You uploaded an unsupported image. Please make sure your image is valid.",
        "Invalid image data",
        "Unable to process input image",
        "Could not process image",
        "image exceeds 5 MB maximum",
        "messages.0.content.1.image: image dimensions exceed max allowed size: 8000 pixels",
        "Failed to decode image",
        "The image format webp is not supported, use png",
        "cannot identify image file",
    ],
)
def test_a_refusal_of_one_image_is_known(message: str) -> None:
    assert image_fault(refusal(400, message)) is Fault.BAD_IMAGE


@pytest.mark.parametrize(
    "exc",
    [
        refusal(429, "Rate limit reached for phi-4-multimodal-instruct"),
        refusal(504, "The image server took too long"),
        refusal(400, "no"),
        openai.APITimeoutError(REQUEST),
        RuntimeError("image"),
    ],
)
def test_what_does_not_refuse_images(exc: Exception) -> None:
    assert image_fault(exc) is None
