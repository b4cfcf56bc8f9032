"""The files of translations: one for each language, Chainlit's texts with ours beside them.

`.chainlit/translations/TAG.json` has Chainlit's own texts and, under `keepchat`, our sentences by
their English: those of the page, and those of the server. What is empty or absent is not
translated. A file without `keepchat` is as Chainlit has put it there.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from chainlit.config import TRANSLATIONS_DIR, config, config_translation_dir

OURS = "keepchat"
PAGE, SERVER = "page", "server"
ENGLISH, CHINESE = "en-US", "zh-CN"  # these stand beside each other in the code

logger = logging.getLogger("keepchat")

Texts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Translation:
    """What a file has: Chainlit's texts, and ours for the page and for the server."""

    tag: str
    chainlit: Texts
    page: Mapping[str, str] = field(default_factory=dict)
    server: Mapping[str, str] = field(default_factory=dict)
    is_ours: bool = False
    """Whether a translator has had it, so that it has our words for what Chainlit says."""

    def of(self, english: str) -> str | None:
        """Return a sentence of ours in this language; None where it is not translated."""
        return self.server.get(english) or self.page.get(english)


def folder() -> Path:
    """Return where the files are."""
    return Path(config_translation_dir)


@cache
def translations() -> Mapping[str, Translation]:
    """Return the translations that there are, by their tags in lower case."""
    found = (_read(path) for path in sorted(folder().glob("*.json")))
    originals = (Translation(tag, chainlits_own(tag)) for tag in (ENGLISH, CHINESE))
    return {one.tag.lower(): one for one in (*originals, *found) if one}


def find(asked: str) -> Translation:
    """Return the translation for a tag: its own, else its language's, else English."""
    there, wanted = translations(), (config.ui.language or asked).lower()
    language = wanted.partition("-")[0]
    if language == "zh":
        return _chinese(wanted)
    regions = [tag for tag in there if tag.startswith(f"{language}-") and language != "en"]
    known = (it for it in (wanted, language, *regions) if it in there)
    return there[next(known, ENGLISH.lower())]


def _chinese(wanted: str) -> Translation:
    """Return Chinese as it is written there, where a translator has seen to it, else simplified."""
    is_traditional = any(part in ("tw", "hk", "mo", "hant") for part in wanted.split("-"))
    traditional = translations().get("zh-tw")
    if is_traditional and traditional and traditional.is_ours:
        return traditional
    return translations()[CHINESE.lower()]


def page_texts(found: Translation) -> dict[str, Any]:
    """Return all that Chainlit's page says, in English where it is not translated."""
    base = translations()[(CHINESE if is_chinese(found.tag) else ENGLISH).lower()].chainlit
    if found.is_ours or found.tag in (ENGLISH, CHINESE):
        return _over(base, found.chainlit)
    return _over(base, found.chainlit, unless_changed_from=chainlits_own())


def is_chinese(tag: str) -> bool:
    """Tell whether it is the tag of a kind of Chinese."""
    return tag.lower().partition("-")[0] == "zh"


@cache
def chainlits_own(tag: str = ENGLISH) -> Texts:
    """Return what Chainlit's page says as it comes."""
    path = Path(TRANSLATIONS_DIR) / f"{tag}.json"
    own: Texts = json.loads(path.read_text(encoding="utf-8"))
    return own


def _over(base: Texts, texts: Texts, unless_changed_from: Texts | None = None) -> dict[str, Any]:
    """Return a base with the texts over it, where there are any.

    A text that says what Chainlit's English said before we changed it is none.
    """
    merged: dict[str, Any] = {}
    for key, said in base.items():
        own = None if unless_changed_from is None else unless_changed_from.get(key)
        text = texts.get(key)
        if isinstance(said, Mapping):
            below = text if isinstance(text, Mapping) else {}
            merged[key] = _over(said, below, own if isinstance(own, Mapping) else None)
        else:
            is_other = own is not None and own != said
            merged[key] = text if isinstance(text, str) and text and not is_other else said
    return merged


def placeholders(sentence: str) -> list[str]:
    """Return the names that a sentence has in braces. Raises `ValueError` for a broken one."""
    return sorted(name for _, name, _, _ in Formatter().parse(sentence) if name is not None)


def fits(english: str, translated: object) -> bool:
    """Tell whether a translation can stand for its English: it is a text with the same names."""
    try:
        return isinstance(translated, str) and placeholders(english) == placeholders(translated)
    except ValueError:
        return False


def _read(path: Path) -> Translation | None:
    try:
        texts = json.loads(path.read_text(encoding="utf-8"))
        ours = texts.pop(OURS, None)
        parts = {part: dict(_sound(path, (ours or {}).get(part, {}))) for part in (PAGE, SERVER)}
    except (OSError, ValueError, AttributeError, TypeError) as exc:
        logger.warning("The translation %s cannot be read, and is left out: %s", path, exc)
        return None
    return Translation(path.stem, texts, **parts, is_ours=ours is not None)


def _sound(path: Path, sentences: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for english, translated in sentences.items():
        if fits(english, translated):
            yield english, str(translated)
        elif translated:
            logger.warning(
                "A sentence in %s has not the names in braces that its English has: %s",
                path,
                english,
            )
