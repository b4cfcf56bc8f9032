"""The file `.env`, and what else Chainlit reads first: what is wrong there is one line.

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
import tomllib
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
_CONFIGURATION = Path(".chainlit", "config.toml")
_NAME = re.compile(r"[A-Za-z0-9_-]+")
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


def given(variable: str, arguments: Sequence[str]) -> tuple[str, str]:
    """Return what a value is named by and the value, as Chainlit finds it: an option's goes first.

    Both are empty where there is none.
    """
    option = f"--{variable.removeprefix('CHAINLIT_').lower().replace('_', '-')}"
    for at, it in reversed(list(enumerate(arguments))):
        if it == option:
            return option, "".join(arguments[at + 1 : at + 2])
        if it.startswith(f"{option}="):
            return option, it.partition("=")[2]
    return variable, os.environ.get(variable, "")


def fault_of_values(arguments: Sequence[str]) -> str | None:
    """Return what is wrong with the values that Chainlit reads itself."""
    name, path = given("CHAINLIT_ROOT_PATH", arguments)
    if fault := fault_of_path(path):
        return f"{name}: {fault} (it is {path!r}). See .env.example."
    name, port = given("CHAINLIT_PORT", arguments)
    if port and not _PORT.fullmatch(port):
        return f"{name}: it is a number, such as 8000 (it is {port!r}). See .env.example."
    for variable in ("CHAINLIT_SSL_CERT", "CHAINLIT_SSL_KEY"):
        name, file = given(variable, arguments)
        if file and not Path(file).is_file():
            return f"{name}: there is no file {file!r}."
    return _fault_of_cookie()


def _fault_of_cookie() -> str | None:
    name = os.environ.get("CHAINLIT_AUTH_COOKIE_NAME", "access_token")
    if not _NAME.fullmatch(name):
        return f"CHAINLIT_AUTH_COOKIE_NAME: it has letters, digits, - and _ (it is {name!r})."
    sent = os.environ.get("CHAINLIT_COOKIE_SAMESITE", "lax")
    if sent not in ("lax", "strict"):
        return f"CHAINLIT_COOKIE_SAMESITE: it is lax or strict (it is {sent!r}). See .env.example."
    return None


def fault_of_toml(path: Path) -> str | None:
    """Return what is wrong with Chainlit's own file; None where nothing is, or there is none."""
    try:
        tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    except UnicodeDecodeError:
        return f"{path}: it is not in UTF-8. {_ANEW}"
    except OSError as exc:
        return f"{path}: it cannot be read ({exc.strerror})."
    except tomllib.TOMLDecodeError as exc:
        return f"{path}: it is no TOML: {exc}."
    return None


def check() -> None:
    """Load the file of this folder; end the program with one line where that cannot be."""
    path = Path(os.environ.get("CHAINLIT_ENV_FILE", ".env"))
    fault = fault_of(path)
    if not fault:
        load_dotenv(path.absolute(), encoding="utf-8-sig")
        fault = fault_of_values(sys.orig_argv) or fault_of_toml(_CONFIGURATION)
    if fault:
        sys.stderr.write(f"{fault}\n")
        sys.stderr.flush()
        os._exit(1)  # as an interpreter starts, an exception would be a traceback


if __name__ == "__main__":
    check()
