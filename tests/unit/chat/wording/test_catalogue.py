"""Languages beside English and Chinese: which one is taken, and what stands for what it lacks."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chat.wording import catalogue, language
from chat.wording.catalogue import find, page_texts, placeholders, translations
from chat.wording.commands import COMMANDS
from chat.wording.language import Localized, translation_for
from settings import ROOT

HELLO = Localized(en="Hello {name}, {count} of you", zh="你好 {name}，{count} 位")

Write = Callable[[str, dict[str, Any]], None]


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Write]:
    """Writes files of translations beside those in English and Chinese."""

    def forget() -> None:
        translations.cache_clear()
        language._translation_for.cache_clear()

    def write(tag: str, texts: dict[str, Any]) -> None:
        (tmp_path / f"{tag}.json").write_text(json.dumps(texts), "utf-8")
        forget()

    for tag in ("en-US", "zh-CN"):
        text = (ROOT / ".chainlit/translations" / f"{tag}.json").read_text("utf-8")
        (tmp_path / f"{tag}.json").write_text(text, "utf-8")
    monkeypatch.setattr(catalogue, "config_translation_dir", str(tmp_path))
    forget()
    yield write
    forget()


def ours(**sentences: str) -> dict[str, Any]:
    return {"keepchat": {"page": {}, "server": sentences}}


@pytest.mark.parametrize(
    ("asked", "tag"),
    [
        ("fr-FR", "fr-FR"),
        ("fr", "fr-FR"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr-FR"),
        ("es-MX", "es"),
        ("en;q=0.5, es", "es"),
        ("en-GB,es;q=0.9", "en-US"),
        ("zh-TW", "zh-CN"),
        ("zh-Hant-HK", "zh-CN"),
        ("eo,fr", "en-US"),
        ("", "en-US"),
        (None, "en-US"),
        ("*", "en-US"),
        (";;q=,,;q=x", "en-US"),
        ("../../en-US", "en-US"),
    ],
)
def test_the_language_is_the_one_that_comes_first(
    write: Write, asked: str | None, tag: str
) -> None:
    for known in ("fr-FR", "es"):
        write(known, ours())
    assert translation_for(asked).tag == tag


def test_an_operator_may_choose_one_for_all(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("es", ours())
    monkeypatch.setattr("chainlit.config.config.ui.language", "es")
    assert find("zh-CN").tag == "es"


def test_what_is_not_translated_is_in_english_or_chinese(write: Write) -> None:
    write("es", ours(Summarize="Resumir"))
    write("zh-TW", ours(Summarize="總結"))
    spanish, chinese = COMMANDS.in_language("es"), COMMANDS.in_language("zh-TW")
    assert [it.name for it in spanish] == ["Resumir", "Translate", "Explain simply"]
    assert [it.name for it in chinese] == ["總結", "翻译", "简单解释"]
    assert [it.icon for it in spanish] == [it.icon for it in COMMANDS.en]


def test_values_are_told_in_the_language_too(write: Write) -> None:
    sentences = {HELLO.en: "{count} de ustedes, {name}", ",": "."}
    write("es", {"keepchat": {"page": {"a": "uno"}, "server": sentences}})
    filled = HELLO.filled(name=(Localized(en="a", zh="甲"), Localized(en="b", zh="乙")), count=1234)
    assert filled.in_language("es") == "1.234 de ustedes, uno; b"
    assert filled.in_language("zh") == "你好 甲；乙，1,234 位"
    assert str(filled) == "Hello a; b, 1,234 of you"


def test_braces_in_values_are_no_names(write: Write) -> None:
    write("es", ours())
    assert "{count}" in HELLO.filled(name="{count}", count=1).in_language("es")


@pytest.mark.parametrize("wrong", ["Hola {nombre}", "Hola {name", "Hola {name} {count} {count}", 5])
def test_a_translation_with_other_names_is_left_out_and_told(
    write: Write, caplog: pytest.LogCaptureFixture, wrong: Any
) -> None:
    caplog.set_level(logging.WARNING)
    write("es", {"keepchat": {"server": {HELLO.en: wrong}}})
    assert HELLO.filled(name="a", count=1).in_language("es") == "Hello a, 1 of you"
    assert "es.json has not the names" in caplog.text


def test_a_file_that_cannot_be_read_is_left_out_and_told(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for wrong in ([1], {"keepchat": 5}, {"keepchat": {"page": "x"}}):
        write("es", wrong)  # type: ignore[arg-type]
        assert translation_for("es").tag == "en-US"
        assert "es.json cannot be read" in caplog.text
        caplog.clear()


def test_chainlits_page_says_all_in_one_language(write: Write) -> None:
    """Of a file that nobody has adapted, what is said here otherwise than by Chainlit is none."""
    theirs = {
        "common": {"actions": {"cancel": "Cancelar", "confirm": ""}},
        "auth": {"login": {"form": {"email": {"label": "Correo"}}}},
    }
    write("es", theirs)
    texts = page_texts(find("es"))
    assert texts["common"]["actions"]["cancel"] == "Cancelar"
    assert texts["common"]["actions"]["confirm"] == "Confirm"
    assert texts["auth"]["login"]["form"]["email"]["label"] == "User name"
    write("es", {**theirs, **ours()})
    texts = page_texts(find("es"))
    assert texts["auth"]["login"]["form"]["email"]["label"] == "Correo"
    assert "keepchat" not in texts


def test_names_in_braces() -> None:
    assert placeholders("{b} of {a}, {b}") == ["a", "b", "b"]
    assert placeholders("none") == []
