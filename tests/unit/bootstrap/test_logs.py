"""What is logged."""

import json
import logging
from collections.abc import Iterator

import pytest

from access.login.record import record
from bootstrap.logs import JsonLines, NoDefects, NothingTemporary, TextLines, log_as, log_in_detail
from datalayer.errors import StoreHeldUp, StoreUnavailable
from storage.errors import StorageUnavailable

OURS, BELOW = "keepchat.dynamodb", "keepchat.dynamodb.calls"


@pytest.fixture(autouse=True)
def levels() -> Iterator[None]:
    kept = {name: logging.getLogger(name).level for name in (OURS, BELOW)}
    yield
    for name, level in kept.items():
        logging.getLogger(name).setLevel(level)


def test_one_part_alone_says_all(caplog: pytest.LogCaptureFixture) -> None:
    log_in_detail([OURS])
    for name in (BELOW, "keepchat", "datalayer.pipeline.writer"):
        logging.getLogger(name).debug("of %s", name)
    assert [record.name for record in caplog.records] == [BELOW]


def logged(message: str, *args: object, failed: BaseException | None = None) -> logging.LogRecord:
    failure = (type(failed), failed, None) if failed else None
    return logging.LogRecord("keepchat", logging.INFO, "", 1, message, args, failure)


@pytest.mark.parametrize("end", ["\n", "\r", "\x1b[2J", "\x85", "\u2028", "\x00"])
def test_nothing_that_is_logged_makes_a_line_of_its_own(end: str) -> None:
    forged = f"{end}2026-01-01 00:00:00 - INFO - keepchat.login - signed in: who 'root'"
    for formatter in (TextLines(), JsonLines()):
        line = formatter.format(logged("GET %s failed", forged))
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line
        assert "\x00" not in line


def test_a_failure_is_told_in_both_forms() -> None:
    record_ = logged("failed", failed=ValueError("why\nnot"))
    assert "ValueError: why" in TextLines().format(record_)
    told = json.loads(JsonLines().format(record_))
    assert "ValueError: why" in told["failure"]


def test_a_login_is_an_object_where_that_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "keepchat.login"):
        record("signed in", "anna", "10.0.0.1", mode="password", session="1234567890")
    told = json.loads(JsonLines().format(caplog.records[0]))
    assert told.pop("time").startswith("20")
    assert told.pop("message") == (
        "signed in: who 'anna', address '10.0.0.1', mode 'password', session '12345678'"
    )
    assert told == {
        "level": "INFO",
        "logger": "keepchat.login",
        "event": "signed in",
        "who": "anna",
        "address": "10.0.0.1",
        "mode": "password",
        "session": "12345678",
    }


def test_all_handlers_write_in_one_form(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, servers = logging.StreamHandler(), logging.StreamHandler()
    monkeypatch.setattr(logging.getLogger(), "handlers", [ours])
    monkeypatch.setattr(logging.getLogger("uvicorn"), "handlers", [servers])
    log_as("json")
    assert {type(it.formatter) for it in (ours, servers)} == {JsonLines}
    log_as("text")
    assert {type(it.formatter) for it in (ours, servers)} == {TextLines}


@pytest.mark.parametrize(
    ("failed", "told"),
    [
        (ValueError("a defect"), ["failed", "ValueError: a defect"]),
        (StorageUnavailable("no bucket"), ["failed (StorageUnavailable at ?: no bucket)"]),
        (ConnectionResetError("cut"), ["failed (ConnectionResetError at ?: cut)"]),
        (StoreHeldUp("locked"), ["failed (StoreHeldUp at ?: locked)"]),
        (StoreUnavailable("away"), []),  # told once, by who watches it
    ],
)
def test_only_a_defect_is_told_with_the_way_there(failed: Exception, told: list[str]) -> None:
    one = logged("failed", failed=failed)
    lines = TextLines().format(one) if NoDefects().filter(one) else ""
    assert all(part in lines for part in told)
    assert ("\n" in lines) == isinstance(failed, ValueError)
    assert bool(lines) == bool(told)


@pytest.mark.parametrize(
    ("name", "said", "is_told"),
    [
        ("engineio.server", "Invalid session abc", False),
        ("uvicorn.error", "Cancel 1 running task(s), timeout graceful shutdown exceeded", False),
        ("uvicorn.error", "address already in use", True),
        ("keepchat", "Invalid session", True),
    ],
)
def test_what_is_no_error_is_left_out(name: str, said: str, is_told: bool) -> None:
    record_ = logging.LogRecord(name, logging.ERROR, "", 1, said, (), None)
    assert NoDefects().filter(record_) is is_told


def test_it_is_put_in_once(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = logging.StreamHandler()
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])  # and none of pytest's
    log_as("text")
    log_as("json")
    assert [type(one) for one in handler.filters] == [NoDefects, NothingTemporary]
