"""The address that the program says and opens as it starts."""

import logging
import webbrowser

import pytest

from patches.program.announcement import AVAILABLE, Announcing, opening, without_secret


def link(address: str) -> str:
    return f"{address}/?token=secret"


def test_the_link_is_said_where_chainlit_says_the_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    logger = Announcing(logging.getLogger("chainlit"), link)
    logger.info(AVAILABLE + "http://localhost:8000")  # noqa: G003 - as Chainlit does
    logger.info("Something else %s", "of 100%")
    assert caplog.messages == [
        f"{AVAILABLE}http://localhost:8000/?token=secret",
        "Something else of 100%",
    ]


def test_the_link_is_opened_in_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    opening(link)("http://localhost:8000/chat")
    assert opened == ["http://localhost:8000/chat/?token=secret"]


@pytest.mark.parametrize(
    ("asked", "logged"),
    [
        ("/?token=secret", "/?"),
        ("/x?a=1&to%6ben=secret&b=2", "/x?a=1&b=2"),
        ("/x?a=1", "/x?a=1"),
        ("/token=1", "/token=1"),
    ],
)
def test_the_secret_of_a_link_is_not_logged(asked: str, logged: str) -> None:
    record = logging.LogRecord("", logging.INFO, "", 1, "%s %s %d", ("GET", asked, 303), None)
    assert without_secret(record)
    assert record.getMessage() == f"GET {logged} 303"
