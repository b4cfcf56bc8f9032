"""`manage.py translations`: which languages there are, and a file for a translator to fill."""

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chat.wording.catalogue import (
    CHINESE,
    ENGLISH,
    OURS,
    PAGE,
    SERVER,
    Texts,
    Translation,
    chainlits_own,
    folder,
    is_chinese,
    translations,
)
from cli.languages.sentences import page_sentences, server_sentences
from cli.shared import Subcommands

FORMER = "former"
"""Where sentences are kept that have been translated, and that nothing says any more."""

_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def add_commands(commands: Subcommands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "translations",
        help="the languages of the page, and a file for one more",
        description="Without a tag, tells which languages there are. With one, as fr-FR, writes "
        "what is to be translated into .chainlit/translations/TAG.json: fill what is empty there, "
        "and restart. Names in braces stay as they are; what is left empty is shown in English.",
    )
    parser.add_argument("tag", nargs="?", help="of a language, as browsers have it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked for; the exit code."""
    if args.tag is None:
        for translation in translations().values():
            print(told(translation))
        return 0
    if not _TAG.fullmatch(args.tag) or args.tag in (ENGLISH, CHINESE, "en", "zh"):
        print(f"{args.tag} is no tag of a further language: such are fr-FR, pt-BR or el.")
        return 2
    path = folder() / f"{args.tag}.json"
    found = translations().get(args.tag.lower(), Translation(args.tag, {}))
    path.write_text(json.dumps(draft(found, path), ensure_ascii=False, indent=2) + "\n", "utf-8")
    print(f"{path}: {len(empty(found))} texts are to be translated.")
    return 0


def told(translation: Translation) -> str:
    """Return how much there is in a language, in one line."""
    if translation.tag in (ENGLISH, CHINESE):
        return f"{translation.tag}: whole"
    if not translation.is_ours and is_chinese(translation.tag):
        return f"{translation.tag}: as {CHINESE}"
    if not translation.is_ours:
        return f"{translation.tag}: what Chainlit has of its own; the rest is in English"
    left = len(empty(translation))
    return f"{translation.tag}: " + (f"{left} texts are not translated" if left else "whole")


def draft(found: Translation, path: Path) -> dict[str, Any]:
    """Return the file of a language: all that is to be said, empty where it is not translated."""
    parts = {PAGE: page_sentences(), SERVER: server_sentences()}
    ours = {
        part: {english: found.of(english) or "" for english in sentences}
        for part, sentences in parts.items()
    }
    used = {english for sentences in ours.values() for english in sentences}
    former = {english: text for english, text in _written(path) if english not in used and text}
    return {
        **_filled(translations()[ENGLISH.lower()].chainlit, found),
        OURS: {**ours, **({FORMER: former} if former else {})},
    }


def empty(found: Translation) -> list[str]:
    """Return what is not translated: our sentences, and the paths of Chainlit's texts."""
    sentences = [*page_sentences(), *server_sentences()]
    english = dict(_paths(translations()[ENGLISH.lower()].chainlit))
    there = dict(_paths(_filled(translations()[ENGLISH.lower()].chainlit, found)))
    return [
        *(path for path, text in english.items() if text and not there.get(path)),
        *(sentence for sentence in sentences if not found.of(sentence)),
    ]


def _filled(base: Texts, found: Translation) -> dict[str, Any]:
    """Return Chainlit's texts in a language: where we say something else, its own is none."""
    return _over(base, found.chainlit, None if found.is_ours else chainlits_own())


def _over(base: Texts, texts: Texts, own: Texts | None) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for key, said in base.items():
        text, was = texts.get(key), None if own is None else own.get(key)
        if isinstance(said, Mapping):
            merged[key] = _over(
                said,
                text if isinstance(text, Mapping) else {},
                was if isinstance(was, Mapping) else None,
            )
        else:
            merged[key] = text if text and was in (None, said) else ""
    return merged


def _paths(texts: Texts, above: str = "") -> Iterator[tuple[str, str]]:
    for key, text in texts.items():
        if isinstance(text, Mapping):
            yield from _paths(text, f"{above}{key}.")
        else:
            yield f"{above}{key}", str(text)


def _written(path: Path) -> Iterator[tuple[str, str]]:
    """Yield all sentences of ours that a file has, also those that are not used any more."""
    if path.is_file():
        for sentences in json.loads(path.read_text("utf-8")).get(OURS, {}).values():
            yield from sentences.items()
