"""Everything that people read is in every language that the program comes with."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.wording.catalogue import placeholders, translations
from cli.languages.sentences import PAGE_MODULES, ROOMS, page_sentences, server_sentences
from cli.languages.translations import empty
from settings import ROOT

FURTHER = ("de-DE",)  # those that the program comes with, beside English and Chinese
_HAN = re.compile(r"[\u4e00-\u9fff]")
_WITHOUT_HAN = {
    "Markdown",
    "JSON",
    ",",
    "；",
    "（{words}）",
    "{number} / {count}",
    "“{name}”：{facts}。",
}

# What no page asks for is answered in English, for those who write programs.
PROTOCOL = {
    "routes/files/uploads.py": 1,  # a request without a file
    "routes/login.py": 1,  # a login at nobody
    "routes/search.py": 2,  # a cursor that no page gave; nobody waits
    "patches/http/guarded_routes.py": 4,
    "patches/http/logins.py": 1,  # a name for Chainlit's page to look up
    "access/login/modes/password.py": 1,  # the same
    "routes/health/metrics.py": 1,
}

_ANSWERS = ("JSONResponse", "PlainTextResponse", "HTMLResponse")

# Of page modules: what is written between quotes there, but is for no reader.
_STRING = re.compile(r"""(?<![\w)\]])("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)""")
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`\w])//[^\n]*", re.DOTALL)
_ERROR = re.compile(r"new Error\([^)]*\)")  # for who looks into the console
_WORDS = re.compile(r"[A-Za-z]{2,} [a-z]{2,} |^[A-Z][a-z]+ [a-z]+")
_BROWSERS = {"Mac OS"}


def _python_files() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("tag", FURTHER)
def test_a_language_is_whole(tag: str) -> None:
    """Run `python manage.py translations TAG`, and fill what is empty in its file."""
    assert empty(translations()[tag.lower()]) == []


@pytest.mark.slow
def test_every_sentence_is_in_english_and_chinese() -> None:
    sentences = {**page_sentences(), **server_sentences()}
    assert len(sentences) > 200
    assert {zh for zh in sentences.values() if not _HAN.search(zh)} == _WITHOUT_HAN
    assert not [en for en, zh in sentences.items() if placeholders(en) != placeholders(zh)]


@pytest.mark.slow
def test_sentences_are_constants() -> None:
    """So that they are found by those who translate: none is made while the program runs."""
    made = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in _python_files()
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "Localized"
        and any(isinstance(it.value, ast.Constant | ast.JoinedStr) for it in call.keywords)
    ]
    assert made == []


@pytest.mark.slow
def test_answers_that_people_read_are_localized() -> None:
    bare: dict[str, int] = {}
    for path in _python_files():
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and _says_bare_words(call):
                name = str(path.relative_to(ROOT))
                bare[name] = bare.get(name, 0) + 1
    assert bare == PROTOCOL


def _says_bare_words(call: ast.Call) -> bool:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if name in _ANSWERS:
        return any(_is_words(part) for part in ast.walk(call))
    said = call.args[1 if name == "HTTPException" else 0 :][:1]
    is_told = name in ("HTTPException", "send_toast")
    return is_told and bool(said) and isinstance(said[0], ast.Constant | ast.JoinedStr)


def _is_words(part: ast.AST) -> bool:
    return isinstance(part, ast.Constant) and bool(re.search("[a-z] [a-z]", str(part.value)))


@pytest.mark.parametrize(
    "path", sorted(PAGE_MODULES.rglob("*.js")), ids=lambda it: str(it.relative_to(PAGE_MODULES))
)
def test_a_module_of_the_page_says_nothing_in_one_language(path: Path) -> None:
    known = {*page_sentences(), *page_sentences().values()}
    text = _ERROR.sub("", _COMMENT.sub("", path.read_text()))
    said = {found[1:-1] for found in _STRING.findall(text)}
    bare = {it for it in said if _WORDS.search(it) or _HAN.search(it)}
    assert {it.replace('\\"', '"') for it in bare} - known - _BROWSERS - _code(text) == set()


def _code(text: str) -> set[str]:
    """Return the strings that are selectors, paths of icons, HTML or classes."""
    return {
        it[1:-1]
        for it in _STRING.findall(text)
        if re.search(r"[#\[<>=]|^\.|var\(|^M[\d ]|\bpx-\d|^keepchat-", it[1:-1])
    }
