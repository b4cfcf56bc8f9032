"""The title in whatever a model says when it is asked for one. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any

LONGEST = 60  # characters
_MOST_LOOKED_AT = 2_000  # characters behind thoughts; a title stands at the beginning
_LONGEST_LINE = 300  # characters; what is around a title is taken off layer by layer

_ANY_CASE = re.IGNORECASE
_ANYWHERE = re.IGNORECASE | re.DOTALL

_THOUGHT = re.compile(
    r"[<◁](think|thinking|thought|reasoning|reflection)\b[^<◁>▷]*[>▷].*?([<◁]/\1\s*[>▷]|\Z)",
    _ANYWHERE,
)
# What began before the answer, as some templates have it, has an end alone.
_END_OF_THOUGHT = re.compile(r"\A.*[<◁]/(?:think|thinking|thought|reasoning)\s*[>▷]", _ANYWHERE)
_CHANNEL = re.compile(r"\A.*<\|channel\|>final<\|message\|>|<\|[a-z_]+\|>", _ANYWHERE)
_TAGGED = re.compile(
    r"<(title|titel|titre|titulo|name)\b[^>]*>(.*?)</\1\s*>"
    r"|^\s*<(?:title|titel|titre|titulo)\b[^>]*>(.*)",
    _ANYWHERE | re.MULTILINE,
)
_IN_TAGS = re.compile(r"\A<(\w+)\b[^>]*>(.*)</\1\s*>\Z", _ANYWHERE)
_FENCE_LINE = re.compile(r"^\s*(?:```|~~~)[\w-]*\s*$", re.MULTILINE)
_RULE = re.compile(r"\A\s*(?:[-=*_]\s*){3,}\Z")
_KEYS = ("title", "标题", "titel", "titre", "título", "titolo", "name", "topic", "heading")
_IN_JSON = re.compile(rf'"(?:{"|".join(_KEYS)})"\s*:\s*("(?:[^"\\]|\\.)*)', _ANYWHERE)

_NAMES = (
    r"(?:(?:suggested|short|possible|proposed|conversation|chat|thread|the|final) )*"
    r"(?:titles?|heading|headline|topic|subject)(?: (?:of|for) (?:the|this) (?:conversation|chat))?"
    r"|(?:option|suggestion|vorschlag|opción|variante?) ?\d{1,2}"
    r"|(?:(?:vorgeschlagener|möglicher) )?titel|überschrift|titre(?: proposé)?"
    r"|título(?: sugerido)?|titolo|tytuł|název|titulek|rubrik|tittel|otsikko|ba\u015fl\u0131k"
    r"|заголовок|название|назва|标题|標題|题目|タイトル|件名|제목|tiêu đề|judul|titlu|cím|τίτλος"
    r"|عنوان|العنوان|כותרת|शीर्षक|ชื่อเรื่อง"
)
_LABEL = re.compile(
    rf"\A[*_\s]*(?:{_NAMES})(?: ?\d{{1,2}}| ?\([^)]*\))?[*_\s]*[:：][*_]*\s*(?=\S)", _ANY_CASE
)
_LABEL_ALONE = re.compile(rf"\A[*_\s]*(?:{_NAMES})[*_\s]*[:：]?[*_\s]*\Z", _ANY_CASE)
_NAMED = re.compile(rf"(?:\b|(?<=[的是]))(?:{_NAMES})(?:\b|\Z)", _ANY_CASE)
# What begins an answer, and hardly a title.
_LEAD = re.compile(
    r"\A(?:(?:sure|certainly|of course|absolutely|okay|ok|great)\b(?=\s*[!,.:])"
    r"|here(?:'s|\u2019s| is| are| you go)\b|gerne\b|natürlich\b|klar\b(?=[!,])|hier (?:ist|sind)\b"
    r"|bien sûr\b|voici\b|claro\b|aquí (?:tienes|está)\b|por supuesto\b|ecco\b|certo\b|aqui está\b"
    r"|конечно|вот\b|好的|当然|以下是|这是|はい|もちろん|以下)",
    _ANY_CASE,
)
_BEFORE_COLON = re.compile(r"\A([^:：]{0,120})[:：][*_]*\s*(?=\S)")
_ASSENT = re.compile(
    r"\A(?:sure|certainly|of course|absolutely|okay|好的|当然|はい)\s*[!,.，。！、]\s*(?=\S)",
    _ANY_CASE,
)
_ITEM = re.compile(r"\A(?:[-*•–‣◦]\s+|\(?\d{1,2}[.)]\s+|\(?[a-d]\)\s+|\d{1,2}、\s*)")
_HEADING = re.compile(r"\A#{1,6}\s+|\s+#{1,6}\Z|\A>\s+")
# Typographic ones that look like others are written as escapes.
_PAIRS = (
    *("“”", "„“", "„”", "”“", "””", "«»", "»«", "\u2039\u203a", "\u203a\u2039"),
    *("\u2018\u2019", "\u201a\u2018", "\uff02\uff02", '""', "''", "``"),
    *("「」", "『』", "《》", "〈〉", "【】", "[]"),
)
_MARKS = ("***", "___", "**", "__", "~~", "*", "_")
_STOPS = ".。\uff0e:：,，;；"
_ABBREVIATED = re.compile(
    r"(?:\b\w\.)+\w\.\Z|\b(?:etc|inc|ltd|jr|sr|dr|st|vs|co|bzw|usw)\.\Z", _ANY_CASE
)


def clean(text: str, longest: int = LONGEST) -> str:
    """Return the title in what a model said, empty where there is none."""
    said = _CHANNEL.sub("", _END_OF_THOUGHT.sub("", _THOUGHT.sub("\n", text)))
    said = _FENCE_LINE.sub("", said.strip()[:_MOST_LOOKED_AT]).replace("```", "")
    if (found := _from_json(said)) is not None:
        said = found
    elif tagged := _TAGGED.search(said):
        said = tagged.group(2) or tagged.group(3) or ""
    titles = map(_bare, _lines(said))
    return _shortened(next(filter(None, titles), ""), longest)


def _from_json(text: str) -> str | None:
    """Return the title in JSON, whole or cut; None where there is none."""
    bare = text.strip()
    if bare[:1] in ("{", "["):
        try:
            value, _ = json.JSONDecoder(strict=False).raw_decode(bare)
            return next(_titles(value), "")
        except ValueError:
            pass
    found = _IN_JSON.search(text)
    if found is None:
        return None
    try:
        return str(json.loads(f'{found.group(1)}"', strict=False))
    except ValueError:
        return found.group(1).strip('"')


def _titles(value: Any) -> Iterator[str]:
    """Yield what may be a title in a value of JSON, the likeliest first."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _titles(one)
    elif isinstance(value, dict):
        by_key = {str(key).lower(): one for key, one in value.items()}
        for key in (*(key for key in _KEYS if key in by_key), *by_key):
            yield from _titles(by_key[key])


def _lines(text: str) -> list[str]:
    """Return the lines that may be the title: those after what is said first of all."""
    shown = (line.strip()[:_LONGEST_LINE] for line in text.splitlines())
    lines = [line for line in shown if line and not _RULE.match(line)]
    while len(lines) > 1 and _is_lead(lines[0]):
        lines.pop(0)
    return lines


def _is_lead(line: str) -> bool:
    bare = _unmarked(_HEADING.sub("", line))
    is_sentence = bare.endswith(("!", ".", "！", "。")) and bool(_LEAD.match(bare))
    return is_sentence or bare.endswith((":", "：")) or bool(_LABEL_ALONE.match(bare))


def _bare(line: str) -> str:
    """Return a line without what is around the title, layer by layer."""
    while (inner := _without_layer(line)) != line:
        line = inner
    return line


def _without_layer(line: str) -> str:
    bare = _HEADING.sub("", _ITEM.sub("", line.strip())).strip()
    bare = _IN_TAGS.sub(r"\2", bare).strip()
    if _LABEL_ALONE.match(bare) and bare.rstrip("*_ ").endswith((":", "：")):
        return ""
    bare = _without_lead(_unquoted(_unmarked(bare)))
    return bare[:-1].rstrip() if _has_stop(bare) else bare


def _without_lead(line: str) -> str:
    if label := _LABEL.match(line):
        return line[label.end() :]
    if first := _BEFORE_COLON.match(line):
        said = first.group(1)
        if _LEAD.match(line) or (len(said.split()) > 2 and _NAMED.search(said)):
            return line[first.end() :]
    return _ASSENT.sub("", line)


def _unmarked(line: str) -> str:
    """Return a line without the marks of Markdown around it."""
    for mark in _MARKS:
        inside = line[len(mark) : -len(mark)]
        if line.startswith(mark) and line.endswith(mark) and inside.strip():
            return line if mark in inside else inside.strip()
    return line


def _unquoted(line: str) -> str:
    for pair in _PAIRS:
        inside = line[1:-1]
        if len(line) >= 2 and line[0] == pair[0] and line[-1] == pair[1]:
            return line if set(pair) & set(inside) else inside.strip()
    return line


def _has_stop(line: str) -> bool:
    """Tell whether a line ends with a stop that is no part of a word, nor of an ellipsis."""
    if len(line) < 2 or line[-1] not in _STOPS or line[-2] in _STOPS:
        return False
    return not _ABBREVIATED.search(line)


def _shortened(title: str, longest: int) -> str:
    title = " ".join(title.split())
    if len(title) <= longest:
        return title
    cut = title[: longest - 1]
    words = cut if title[longest - 1].isspace() else cut.rpartition(" ")[0]
    # A language without blanks, or one very long word, is cut anywhere.
    return (words if len(words) > longest // 2 else cut).rstrip(" ,;:-–—，、；：") + "…"
