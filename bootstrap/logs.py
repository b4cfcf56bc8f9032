"""What is logged: our own words, and of the libraries only what needs attention."""

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

import openai

from chat.live.thread import current_turn
from common.failures import in_one_line
from datalayer.errors import DataLayerError, is_away
from datalayer.values import is_temporary
from storage.errors import StorageError

LOGINS = "keepchat.login"
# What libraries call an error and is none: a page went, or asked with what it had before a restart;
# the program ended as it should.
_NO_ERRORS = (
    ("engineio.server", "Session is disconnected"),
    ("engineio.server", "Invalid session"),
    ("uvicorn.error", "timeout graceful shutdown exceeded"),
)
_OUTSIDE = (DataLayerError, StorageError, openai.OpenAIError, OSError)  # no defects of the program
_QUIET = ("alembic", "azure", "botocore", "httpx2", "httpx")
_SERVERS = ("uvicorn", "uvicorn.error", "uvicorn.access")  # they have handlers of their own
_CONTROLS = {
    code: repr(chr(code))[1:-1] for code in (*range(32), 127, *range(128, 160), 8232, 8233)
}


def quiet_libraries() -> None:
    """Keep libraries from logging what they do as a matter of course."""
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_in_detail(names: Iterable[str]) -> None:
    """Log all that these loggers, and those below them, have to say."""
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)


def log_as(form: Literal["text", "json"]) -> None:
    """Let all handlers that there are write lines in one form."""
    for name in (None, LOGINS, *_SERVERS):
        for handler in logging.getLogger(name).handlers:
            handler.setFormatter(JsonLines() if form == "json" else TextLines())
            if not any(isinstance(one, NoDefects) for one in handler.filters):
                handler.addFilter(NoDefects())
                handler.addFilter(NothingTemporary())


def log_commands() -> None:
    """Let what an operator does be a line on the standard error, as the program's log has it."""
    logger = logging.getLogger(LOGINS)
    logger.addHandler(logging.StreamHandler())
    logger.setLevel(logging.INFO)
    logger.propagate = False
    log_as("text")


class NoDefects(logging.Filter):
    """Leaves out what is no error, and tells in one line what libraries tell with the way there.

    That the database is away is told once, by who watches it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is told; one that tells of something outside is shortened."""
        if any(record.name == name and said in record.getMessage() for name, said in _NO_ERRORS):
            return False
        exc = record.exc_info[1] if record.exc_info else None
        if exc is None or not isinstance(exc, _OUTSIDE):
            return True
        record.msg, record.args = f"{record.getMessage()} ({in_one_line(exc)})", None
        record.exc_info = record.exc_text = None
        return not is_away(exc)


class NothingTemporary(logging.Filter):
    """Tells of a temporary conversation that something went wrong there, and where in the program.

    What is said of it may quote what was said in it, as servers of models do.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is told; what one tells is replaced."""
        turn = current_turn()
        if turn is None or not is_temporary(turn.thread.id):
            return True
        kind = getattr(record, "kind", "")
        record.msg = "Something went wrong in a temporary chat (%s); what, is not logged."
        record.args = (" ".join([record.name, f"line {record.lineno}", kind]).strip(),)
        record.exc_info = record.exc_text = None
        return record.levelno >= logging.WARNING


class TextLines(logging.Formatter):
    """One line for each record, whatever is in it; only where a failure was is on more lines."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s - %(levelname)s - %(name)s - %(message)s", "%Y-%m-%d %H:%M:%S"
        )

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - as the library's
        """Return the line."""
        return super().formatMessage(record).translate(_CONTROLS)


class JsonLines(logging.Formatter):
    """One JSON object on one line for each record; `fields` of a record are among its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            told["failure"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=True, default=str)
