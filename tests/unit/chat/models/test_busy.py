"""When a server is asked again."""

from datetime import UTC, datetime
from typing import Any

import aiohttp
import httpx2
import openai
import pytest

from chat.models.base import Waiting
from chat.models.busy import MAX_RETRIES, retry_after_s, wait_for

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
REQUEST = httpx2.Request("POST", "http://m/v1")


def status(code: int, message: str = "no", body: Any = None, **headers: str) -> openai.APIError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx2.Response(code, headers=named, request=REQUEST)
    return openai.APIStatusError(message, response=response, body=body)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "50"}, 50),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_a_server_says_when_to_come_again(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == seconds


@pytest.mark.parametrize("code", [429, 503, 529])
def test_a_busy_server_is_obeyed(code: int) -> None:
    assert wait_for(status(code, retry_after="50"), 9, NOW) == Waiting("busy", 50)
    assert wait_for(status(code, retry_after="0"), 1, NOW) is not None
    assert wait_for(status(code, retry_after="0"), 9, NOW) is None


def test_a_model_that_is_loading_is_waited_for() -> None:
    error = status(503, "Loading model")
    waits = [wait_for(error, number, NOW) for number in (1, 50)]
    assert [wait.reason for wait in waits if wait] == ["loading", "loading"]


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504, 529])
def test_a_fault_is_tried_again_a_few_times(code: int) -> None:
    assert wait_for(status(code), MAX_RETRIES, NOW) is not None
    assert wait_for(status(code), MAX_RETRIES + 1, NOW) is None


@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 413, 422])
def test_a_refusal_is_not_tried_again(code: int) -> None:
    assert wait_for(status(code, retry_after="1"), 1, NOW) is None


def test_a_quota_that_is_used_up_is_not_waited_for() -> None:
    body = {"code": "insufficient_quota", "message": "You exceeded your current quota"}
    assert wait_for(status(429, "Error", body, retry_after="1"), 1, NOW) is None


def test_what_was_not_reached_is_tried_again_and_a_late_answer_is_not() -> None:
    unreached = openai.APIConnectionError(request=REQUEST)
    unreached.__cause__ = aiohttp.ClientConnectionError()
    assert wait_for(unreached, 1, NOW) is not None
    late = openai.APITimeoutError(REQUEST)
    late.__cause__ = aiohttp.ServerTimeoutError()
    assert wait_for(late, 1, NOW) is None
    assert wait_for(openai.APIConnectionError(request=REQUEST), 1, NOW) is None


def test_a_passing_fault_within_a_stream_is_tried_again() -> None:
    overloaded = openai.APIError("x", REQUEST, body={"code": "529", "message": "x"})
    assert wait_for(overloaded, 1, NOW) is not None
    refused = openai.APIError("x", REQUEST, body={"code": "content_filter", "message": "x"})
    assert wait_for(refused, 1, NOW) is None
