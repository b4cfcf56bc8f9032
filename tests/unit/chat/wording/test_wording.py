"""Localized in two languages: translations, starters and commands."""

import json
from pathlib import Path
from typing import Any

import chainlit
import pytest

from chat.models.base import GenerationSettings
from chat.wording.commands import COMMANDS, with_command
from chat.wording.language import Localized
from chat.wording.logins import REFUSALS, with_logins
from chat.wording.starters import STARTERS
from settings import ROOT

THEIRS = Path(chainlit.__file__).parent / "translations"
OURS = ROOT / ".chainlit" / "translations"


@pytest.mark.parametrize("name", ["en-US.json", "zh-CN.json"])
def test_a_translation_has_every_text_that_chainlit_asks_for(name: str) -> None:
    ours, theirs = (json.loads((folder / name).read_text()) for folder in (OURS, THEIRS))
    assert list(_paths(ours)) == list(_paths(theirs))
    assert ours != theirs


@pytest.mark.parametrize(
    ("language", "label", "button"),
    [
        ("en-US", "Example Corp", "Continue with Example Corp"),
        ("en-US", "", "Continue with single sign-on"),
        ("de-DE", "", "Weiter mit Single Sign-On"),
        ("eo", "", "Continue with single sign-on"),
        ("zh-CN", "", "使用统一身份登录"),
    ],
)
def test_the_login_page_has_texts_for_a_login_at_a_provider(
    language: str, label: str, button: str
) -> None:
    ours = json.loads((OURS / "en-US.json").read_text())
    before = json.dumps(ours)
    texts = with_logins(ours, language, label)
    assert texts["auth"]["provider"]["continue"] == button
    assert set(_paths(texts)) - set(_paths(ours)) == {
        f".auth.login.errors.{name}" for name in REFUSALS
    }
    assert json.dumps(ours) == before


def _paths(texts: dict[str, Any], above: str = "") -> list[str]:
    found: list[str] = []
    for key, value in texts.items():
        path = f"{above}.{key}"
        found += _paths(value, path) if isinstance(value, dict) else [path]
    return found


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("zh-CN", "中"),
        ("zh-TW,zh;q=0.9", "中"),
        ("en-US", "e"),
        ("de", "e"),
        ("", "e"),
        (None, "e"),
    ],
)
def test_chinese_is_for_those_who_ask_for_it(language: str | None, expected: str) -> None:
    assert Localized(en="e", zh="中").in_language(language) == expected


def test_starters_and_commands_are_there_in_both_languages() -> None:
    assert len(STARTERS.en) == len(STARTERS.zh) == 4
    assert len(COMMANDS.en) == len(COMMANDS.zh)
    for starter in (*STARTERS.en, *STARTERS.zh):
        assert starter.icon
        assert starter.icon.startswith("data:image/svg+xml;base64,")


def test_a_command_puts_its_instruction_first() -> None:
    generation = GenerationSettings(system_prompt="Be kind.", answer_tokens=99)
    for command in (*COMMANDS.en, *COMMANDS.zh):
        changed = with_command(generation, command.name)
        assert changed.system_prompt == f"{command.instruction}\n\nBe kind."
        assert changed.answer_tokens == 99
    assert with_command(generation, None) == generation
    assert with_command(generation, "Sing") == generation
    assert (
        with_command(GenerationSettings(), "Summarize").system_prompt == COMMANDS.en[0].instruction
    )
