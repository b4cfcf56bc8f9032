"""English or Chinese, as the person's browser asks for."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import chainlit as cl

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Localized(Generic[T]):
    """The same in both languages."""

    en: T
    zh: T

    def in_language(self, language: str | None) -> T:
        """Return what goes with a language tag or an Accept-Language header."""
        return self.zh if (language or "").strip().lower().startswith("zh") else self.en

    def of_session(self) -> T:
        """Return what goes with the browser that is being answered."""
        environ = getattr(cl.context.session, "environ", {})
        return self.in_language(environ.get("HTTP_ACCEPT_LANGUAGE"))
