"""`manage.py translations`."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.wording import catalogue
from chat.wording.catalogue import translations
from cli.languages.sentences import page_sentences, server_sentences
from cli.languages.translations import empty, run
from settings import ROOT


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Where the files of translations are."""
    for tag in ("en-US", "zh-CN"):
        text = (ROOT / ".chainlit/translations" / f"{tag}.json").read_text("utf-8")
        (tmp_path / f"{tag}.json").write_text(text, "utf-8")
    monkeypatch.setattr(catalogue, "config_translation_dir", str(tmp_path))
    translations.cache_clear()
    yield tmp_path
    translations.cache_clear()


def translate(tag: str | None) -> int:
    translations.cache_clear()
    code = run(argparse.Namespace(tag=tag))
    translations.cache_clear()
    return code


def test_a_translator_gets_one_file_with_all_that_is_to_be_filled(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "fr-FR.json").write_text('{"common": {"actions": {"cancel": "Annuler"}}}', "utf-8")
    assert translate("fr-FR") == 0
    file = json.loads((home / "fr-FR.json").read_text("utf-8"))
    assert file["common"]["actions"] == {**file["common"]["actions"], "cancel": "Annuler"}
    assert file["common"]["actions"]["confirm"] == ""
    assert list(file["keepchat"]["page"]) == list(page_sentences())
    assert list(file["keepchat"]["server"]) == list(server_sentences())
    assert f"{len(empty(translations()['fr-fr']))} texts are to be translated" in (
        capsys.readouterr().out
    )


def test_what_has_been_translated_stays(home: Path) -> None:
    assert translate("fr-FR") == 0
    path = home / "fr-FR.json"
    file = json.loads(path.read_text("utf-8"))
    file["keepchat"]["server"] |= {"Summarize": "Résumer", "Said no more.": "Plus dit."}
    file["auth"]["login"]["title"] = "Connexion"
    path.write_text(json.dumps(file), "utf-8")
    assert translate("fr-FR") == 0
    again = json.loads(path.read_text("utf-8"))
    assert again["keepchat"]["server"]["Summarize"] == "Résumer"
    assert again["keepchat"]["former"] == {"Said no more.": "Plus dit."}
    assert again["auth"]["login"]["title"] == "Connexion"


@pytest.mark.parametrize("tag", ["en", "en-US", "zh-CN", "../x", "French", ""])
def test_what_is_no_further_language_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str], tag: str
) -> None:
    before = sorted(home.iterdir())
    assert translate(tag) == 2
    assert "is no tag of a further language" in capsys.readouterr().out
    assert sorted(home.iterdir()) == before


def test_which_languages_there_are(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for tag in ("fr-FR", "zh-TW"):
        (home / f"{tag}.json").write_text("{}", "utf-8")
    assert translate(None) == 0
    assert capsys.readouterr().out.splitlines() == [
        "en-US: whole",
        "zh-CN: whole",
        "fr-FR: what Chainlit has of its own; the rest is in English",
        "zh-TW: as zh-CN",
    ]
