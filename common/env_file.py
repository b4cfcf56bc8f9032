"""The file `.env`: what is wrong with it is one line, before anything reads it.

Chainlit reads it as it is imported, before the program's own code, and fails with a traceback. So
this file is also run as the interpreter starts, for `chainlit` or `manage.py`, and loads the file
then: `deploy/keepchat.pth` does it, which `make setup` and the image put beside the installed
packages. It imports nothing of the house.
"""

import codecs
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from dotenv import load_dotenv
from dotenv.parser import parse_stream

_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark begins the same
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_ANEW = "Save it anew as UTF-8."
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_PORT = re.compile(r"[0-9]+")


def fault_of(path: Path) -> str | None:
    """Return what is wrong with a file of variables, in a sentence without its values; None where
    nothing is, or there is none.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        return f"{path}: it cannot be read ({exc.strerror})."
    if fault := _fault_of_encoding(content) or _fault_of_lines(content.decode("utf-8-sig")):
        return f"{path}{fault}"
    return None


def names(path: Path) -> Sequence[str]:
    """Return the variables that a file sets which can be read; none where there is no file."""
    if not path.is_file():
        return ()
    text = path.read_text(encoding="utf-8-sig")
    return [binding.key for binding in parse_stream(io.StringIO(text)) if binding.key]


def _fault_of_encoding(content: bytes) -> str | None:
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return f": it is in {encoding}, and has to be in UTF-8. {_ANEW}"
    if b"\0" in content:
        return f": it has zero bytes, as a file in UTF-16 has, and has to be in UTF-8. {_ANEW}"
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = 1 + content[: exc.start].count(b"\n")
        return f", line {line}: it is not in UTF-8. {_ANEW}"
    return None


def _fault_of_lines(text: str) -> str | None:
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            blank = binding.original.string[: -len(binding.original.string.lstrip()) or None]
            line = binding.original.line + (blank.count("\n") if blank.isspace() else 0)
            return f", line {line}: it is no assignment, such as NAME=value. See .env.example."
    return None


def fault_of_path(given: str) -> str | None:
    """Return what is wrong with a path that all addresses are to begin with."""
    if not _PATH.fullmatch(given):
        return "it begins with / and ends with none, such as /chat, of letters, digits and -._~"
    return None


def _fault_of_variables() -> str | None:
    path, port = os.environ.get("CHAINLIT_ROOT_PATH", ""), os.environ.get("CHAINLIT_PORT") or "1"
    if fault := fault_of_path(path):
        return f"CHAINLIT_ROOT_PATH: {fault} (it is {path!r}). See .env.example."
    if not _PORT.fullmatch(port):
        return f"CHAINLIT_PORT: it is a number, such as 8000 (it is {port!r}). See .env.example."
    return None


def check() -> None:
    """Load the file of this folder; end the program with one line where that cannot be."""
    path = Path(os.environ.get("CHAINLIT_ENV_FILE", ".env"))
    fault = fault_of(path)
    if not fault:
        load_dotenv(path.absolute(), encoding="utf-8-sig")
        fault = _fault_of_variables()
    if fault:
        sys.stderr.write(f"{fault}\n")
        sys.stderr.flush()
        os._exit(1)  # as an interpreter starts, an exception would be a traceback


if __name__ == "__main__":
    check()
