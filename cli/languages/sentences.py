"""All that our part of the program says to people, by its English: for those who translate it."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from chat.wording.language import Localized
from settings import ROOT

ROOMS = ("access", "chat", "routes", "patches")
PAGE_MODULES = ROOT / "public" / "page"
_READING = "chat.attachments.reading"  # a program of its own, which says nothing to people
_TEXT = r'("(?:[^"\\]|\\.)*")'
_PAIR = re.compile(rf"\ben:\s*{_TEXT},\s*zh:\s*{_TEXT}")


@cache
def page_sentences() -> Mapping[str, str]:
    """Return what the page's own modules say: Chinese by English."""
    texts = (path.read_text("utf-8") for path in sorted(PAGE_MODULES.rglob("*.js")))
    pairs = (found.groups() for text in texts for found in _PAIR.finditer(text))
    return {json.loads(english): json.loads(chinese) for english, chinese in pairs}


@cache
def server_sentences() -> Mapping[str, str]:
    """Return what the server says: Chinese by English, without what the page says too."""
    found = (pair for module in _modules() for pair in _pairs(vars(module)))
    return {english: chinese for english, chinese in found if english not in page_sentences()}


def _modules() -> Iterator[Any]:
    for room in ROOMS:
        package = importlib.import_module(room)
        yield package
        for info in pkgutil.walk_packages(package.__path__, f"{room}."):
            if not info.name.startswith(_READING):
                yield importlib.import_module(info.name)


def _pairs(value: object) -> Iterator[tuple[str, str]]:
    """Yield the English and the Chinese of all that is localized in a value."""
    if isinstance(value, Localized):
        if isinstance(value.en, str):
            yield value.en, value.zh
        else:
            yield from _differing(value.en, value.zh)
    elif isinstance(value, Mapping):
        for one in list(value.values()):
            yield from _pairs(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _pairs(one)
    elif is_dataclass(value) and not isinstance(value, type):
        for it in fields(value):
            yield from _pairs(getattr(value, it.name, None))


def _differing(english: Any, chinese: Any) -> Iterator[tuple[str, str]]:
    """Yield the texts of which a structure consists; names of icons are the same in both."""
    if isinstance(english, str):
        if english != chinese:
            yield english, chinese
    elif is_dataclass(english) and not isinstance(english, type):
        for it in fields(english):
            yield from _differing(getattr(english, it.name), getattr(chinese, it.name))
    elif isinstance(english, list | tuple):
        for pair in zip(english, chinese, strict=True):
            yield from _differing(*pair)
