"""The reader's language: that which the browser names first, where there is a translation."""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, Generic, TypeVar

import chainlit as cl

from chat.wording.catalogue import ENGLISH, Translation, find, is_chinese, translations

T = TypeVar("T")

ASKED: ContextVar[str | None] = ContextVar("asked", default=None)
"""The Accept-Language header of the request that is being answered."""

_LONGEST = 200  # characters of what a browser says of its languages


@dataclass(frozen=True, slots=True)
class Localized(Generic[T]):
    """The same in English and in Chinese; further languages are found by the English."""

    en: T
    zh: T
    values: tuple[tuple[str, object], ...] = ()
    """What stands for the names in braces, where it is one sentence."""

    def filled(self, **values: object) -> "Localized[T]":
        """Return the sentence with these values: texts, numbers, or what is localized itself.

        Several that are localized are told one after the other.
        """
        return replace(self, values=(*self.values, *values.items()))

    def in_language(self, asked: str | None) -> T:
        """Return what goes with a language tag or an Accept-Language header."""
        return self.by(translation_for(asked))

    def by(self, translation: Translation) -> T:
        """Return it as a translation has it, in English or Chinese where it has nothing."""
        base = self.zh if is_chinese(translation.tag) else self.en
        text = _translated(self.en, base, translation) if translation.is_ours else base
        if self.values and isinstance(text, str):
            told = {name: _told(value, translation) for name, value in self.values}
            return text.format(**told)  # type: ignore[return-value] # T is str here
        return text

    def of_session(self) -> T:
        """Return what goes with the browser that is being answered."""
        environ = getattr(cl.context.session, "environ", {})
        return self.in_language(environ.get("HTTP_ACCEPT_LANGUAGE"))

    def of_request(self) -> T:
        """Return what goes with the request that is being answered."""
        return self.in_language(ASKED.get())

    def in_all(self) -> list[T]:
        """Return it in each language that there is, English and Chinese last."""
        return [*(self.by(it) for it in translations().values() if it.is_ours), self.zh, self.en]

    def __str__(self) -> str:
        """Return it in English: for the log."""
        return str(self.by(translations()[ENGLISH.lower()]))


THOUSANDS = Localized(en=",", zh=",")
"""What stands between groups of three digits."""
ONE_AFTER_THE_OTHER = Localized(en="; ", zh="；")


def translation_for(asked: str | None) -> Translation:
    """Return the translation for what a browser asks for: a tag, or an Accept-Language header."""
    return _translation_for((asked or ENGLISH)[:_LONGEST])


@lru_cache(256)
def _translation_for(asked: str) -> Translation:
    weighed = [_weighed(part) for part in asked.split(",") if part.strip()]
    # Of equal ones the first, as Chainlit's page takes it.
    best = max(weighed, key=lambda it: it[1], default=(ENGLISH, 1.0))
    return find(best[0])


def _weighed(part: str) -> tuple[str, float]:
    tag, _, parameter = part.partition(";")
    try:
        weight = float(parameter.partition("=")[2] or 1)
    except ValueError:
        weight = 0.0
    return tag.strip().replace("_", "-"), weight


def _translated(english: Any, base: Any, translation: Translation) -> Any:
    """Return what it is in a translation, part by part; as in `base` where it has nothing."""
    if isinstance(english, str):
        return translation.of(english) or base
    if is_dataclass(english) and not isinstance(english, type):
        names = [it.name for it in fields(english)]
        parts = {
            it: _translated(getattr(english, it), getattr(base, it), translation) for it in names
        }
        return replace(base, **parts)
    if isinstance(english, Sequence):
        pairs = zip(english, base, strict=True)
        return type(english)(_translated(*pair, translation) for pair in pairs)  # type: ignore[call-arg]
    return base


def _told(value: object, translation: Translation) -> object:
    if isinstance(value, Localized):
        return value.by(translation)
    if isinstance(value, tuple):
        parts = (str(_told(it, translation)) for it in value)
        return ONE_AFTER_THE_OTHER.by(translation).join(parts)
    if isinstance(value, int):
        return f"{value:,}".replace(",", THOUSANDS.by(translation))
    return value
