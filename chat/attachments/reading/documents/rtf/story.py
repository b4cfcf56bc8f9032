"""What rich text says: the state of its groups, and what each control word does to it."""

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from chat.attachments.reading.documents.rtf.fonts import Fonts
from chat.attachments.reading.documents.rtf.lines import Lines
from chat.attachments.reading.documents.rtf.state import Field, Group
from chat.attachments.reading.documents.rtf.tokens import Brace, Token, Word, tokens
from chat.attachments.results import RemarkKind

_BODY = 9  # an outline's level
_DEEPEST_LABEL = 8


class Story:
    """Reads a file of rich text; counts what is left out."""

    def __init__(self, tally: Counter[RemarkKind]) -> None:
        self._tally = tally
        self._fonts = Fonts()
        self._styles: dict[int, int] = {}  # the level of headings by their styles
        self._main = Lines()
        self._group = Group(self._main)
        self._stack: list[Group] = []
        self._fields: list[Field] = []
        self._running: set[str] = set()  # heads and feet
        self._bytes = bytearray()
        self._skip = 0  # bytes that stand in for a character
        self._is_starred = False
        self._number = 0  # of the font or style that is described
        self._unseen: RemarkKind | None = None  # what was left out last
        self._author = ""
        self._property = ""

    def lines(self, content: bytes) -> Iterator[tuple[int, str]]:
        """Yield each line, and how far in the file it ends."""
        for place, token in tokens(content):
            self._take(token)
            for line in self._main.take():
                yield place, line
        self._flush()
        while self._stack:
            self._end()
        self._main.end()
        for line in self._main.take():
            yield len(content), line

    def _take(self, token: Token) -> None:
        if isinstance(token, bytes):
            skipped, self._skip = self._skip, max(0, self._skip - len(token))
            self._bytes += token[skipped:]
            return
        self._flush()
        if isinstance(token, Word):
            self._word(token)
            return
        self._skip = 0
        if token is Brace.OPEN:
            self._stack.append(self._group)
            self._group = copy.copy(self._group)
            self._group.name = ""
        elif self._stack:
            self._end()

    def _word(self, word: Word) -> None:
        is_starred, self._is_starred = self._is_starred, word.name == "*"
        if word.name in _CHARACTERS and self._skip:
            self._skip -= 1
            return
        self._skip = 0
        if self._group.is_dead or word.name == "*":
            return
        if word.name in _ASIDE:
            self._begin_aside(word.name)
        elif word.name in _WITHOUT_TEXT:
            self._group.lines = None
        elif word.name in _DEAD or (is_starred and word.name not in _TEXT):
            self._group.is_dead = True
        self._act(word)

    def _act(self, word: Word) -> None:
        if word.name in _CHARACTERS:
            self.say(_CHARACTERS[word.name])
        elif word.name in _ACTIONS:
            _ACTIONS[word.name](self, self._group, word.number)

    def _begin_aside(self, name: str) -> None:
        self._group.lines = Lines()
        self._group.name = name
        _new_paragraph(self, self._group, None)
        _plain(self, self._group, None)

    def _flush(self) -> None:
        """Take the bytes that have come since the last word or brace."""
        raw, self._bytes = bytes(self._bytes), bytearray()
        if not raw or self._group.is_dead:
            return
        if self._group.table == "fonttbl":
            self._fonts.add_name(self._number, raw)
        elif self._group.lines is not None:
            self.say(raw.decode(self._fonts.encoding(self._font()), "replace"))

    def _font(self) -> int:
        fonts = self._group.fonts
        return fonts.get(self._group.script, fonts.get("", self._fonts.default))

    def say(self, text: str) -> None:
        """Take text as it is shown, or count it where it is not."""
        group = self._group
        if group.lines is None or not text:
            return
        if text.strip():
            self._note_unseen(group.unseen)
        if not group.unseen:
            text = self._fonts.shown(self._font(), text)
            group.lines.add(f"~~{text}~~" if group.is_struck and text.strip() else text)

    def _note_unseen(self, kind: RemarkKind | None) -> None:
        """Count what is left out, once where it comes in pieces."""
        if kind and kind != self._unseen:
            self._tally[kind] += 1
        self._unseen = kind

    def character(self, number: int) -> None:
        """Take a character of Unicode, for which others stand in that are passed over."""
        self.say(chr(number % 0x10000))
        self._skip = self._group.fallback

    def end_paragraph(self) -> None:
        """End a paragraph, unless its end is deleted."""
        group = self._group
        if group.lines is None or group.unseen:
            return
        prefix = "#" * group.heading + " " if group.heading else ""
        if group.lines.label:
            prefix += "  " * group.level
        group.lines.end_paragraph(prefix, in_table=group.in_table)

    def _end(self) -> None:
        """End a group: what stood aside goes where it belongs."""
        ended, self._group = self._group, self._stack.pop()
        if ended.is_dead or not ended.name:
            return
        said = ended.lines.whole() if ended.lines and ended.name in _ASIDE else []
        if ended.name == "field":
            self._end_field()
        elif ended.name in _ASIDE:
            _ASIDE[ended.name](self, said)

    def _end_field(self) -> None:
        ended = self._fields.pop()
        if self._group.lines is not None:
            self.say(ended.shown(self._group.lines.recent))

    def note(self, said: list[str]) -> None:
        """Put a footnote where it belongs."""
        self.say(f" [note: {' '.join(said)}]" if said else "")

    def comment(self, said: list[str]) -> None:
        """Put a comment where it belongs."""
        who = f" by {self._author}" if self._author else ""
        self._author = ""
        self.say(f" [comment{who}: {' '.join(said)}]" if said else "")

    def author(self, said: list[str]) -> None:
        """Keep who wrote the comment that comes."""
        self._author = " ".join(said)

    def running(self, said: list[str]) -> None:
        """Write what stands at the head or foot of pages, once."""
        text = " / ".join(said)
        if text and text not in self._running:
            self._running.add(text)
            self._main.add_line(text)

    def box(self, said: list[str]) -> None:
        """Put what is in a box behind its paragraph."""
        if lines := self._nearest():
            lines.add_box(said)

    def _nearest(self) -> Lines | None:
        groups = (self._group, *reversed(self._stack))
        return next((it.lines for it in groups if it.lines is not None), None)

    def take_up(self, group: Group) -> None:
        """Take again what was passed over for it: the same in Unicode."""
        group.lines = self._nearest()

    def label(self, said: list[str]) -> None:
        """Keep a list's number for its paragraph; a bullet is a dash."""
        text = " ".join(said)
        is_number = any(it.isalnum() for it in text) and text != "o"
        if text and self._group.lines is not None and not self._group.unseen:
            self._group.lines.label = f"{text if is_number else '-'} "

    def instructions(self, said: list[str]) -> None:
        """Keep what a field is."""
        if self._fields:
            self._fields[-1].instructions += " ".join(said)

    def entry(self, said: list[str]) -> None:
        """Keep an entry of a form's list."""
        if self._fields:
            self._fields[-1].entries.append(" ".join(said))

    def property_name(self, said: list[str]) -> None:
        """Keep the name of a drawing's property."""
        self._property = " ".join(said)

    def property_value(self, said: list[str]) -> None:
        """Say what a picture shows, as its author described it."""
        lines = self._nearest()
        if self._property == "wzDescription" and said and lines:
            lines.add(f"[picture: {' '.join(said)}]")

    def begin_field(self, group: Group) -> None:
        """Begin one."""
        group.name = "field"
        self._fields.append(Field())

    def set_field(self, name: str, number: int) -> None:
        """Note what a form's field is."""
        if self._fields:
            setattr(self._fields[-1], name, number)

    def count(self, kind: RemarkKind) -> None:
        """Count what is left out."""
        self._tally[kind] += 1

    def set_page(self, number: int) -> None:
        """Note the document's code page."""
        self._fonts.set_page(number)

    def set_default_font(self, number: int) -> None:
        """Note in which font is what does not say it."""
        self._fonts.default = number

    def set_font(self, group: Group, number: int) -> None:
        """Begin to describe a font, or to write in it."""
        if group.table == "fonttbl":
            self._number = number
        else:
            group.fonts = {**group.fonts, "": number, group.script: number}

    def set_charset(self, number: int) -> None:
        """Note it of the font that is described."""
        self._fonts.set_charset(self._number, number)

    def set_font_page(self, group: Group, number: int) -> None:
        """Note it of the font that is described."""
        if group.table == "fonttbl":
            self._fonts.set_font_page(self._number, number)

    def set_style(self, group: Group, number: int) -> None:
        """Begin to describe a style, or a paragraph that has it."""
        if group.table == "stylesheet":
            self._number = number
        else:
            group.heading = self._styles.get(number, 0)

    def set_outline(self, group: Group, number: int) -> None:
        """Note of a style or a paragraph which heading it is."""
        level = min(6, number + 1) if number < _BODY else 0
        if group.table == "stylesheet":
            self._styles[self._number] = level
        else:
            group.heading = level


Action = Callable[[Story, Group, int | None], None]


def _set(name: str, value: object) -> Action:
    return lambda _, group, __: setattr(group, name, value)


def _switch(name: str) -> Action:
    return lambda _, group, number: setattr(group, name, number != 0)


def _of_field(name: str) -> Action:
    return lambda story, _, number: story.set_field(name, number or 0)


def _plain(_: Story, group: Group, __: int | None) -> None:
    group.is_deleted = group.is_hidden = group.is_struck = False
    group.fonts, group.script = {}, ""


def _new_paragraph(_: Story, group: Group, __: int | None) -> None:
    group.in_table, group.level, group.heading = False, 0, 0


def _end(name: str) -> Action:
    def end(_: Story, group: Group, __: int | None) -> None:
        if group.lines is not None and not group.is_deleted:
            getattr(group.lines, name)()

    return end


_CHARACTERS: Mapping[str, str] = {
    "line": "\n",
    "lbr": "\n",
    "tab": "\t",
    "\t": "\t",
    "emdash": "—",
    "endash": "–",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
    "bullet": "•",
    "lquote": "‘",  # noqa: RUF001
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "~": "\N{NO-BREAK SPACE}",
    "_": "-",
    "zwj": "\N{ZERO WIDTH JOINER}",
    "zwnj": "\N{ZERO WIDTH NON-JOINER}",
    # of formulas in one line
    "mden": "/",
    "msup": "^",
    "msub": "_",
}
_ASIDE: Mapping[str, Callable[[Story, list[str]], None]] = {
    "footnote": Story.note,
    "annotation": Story.comment,
    "atnauthor": Story.author,
    **dict.fromkeys(("header", "headerl", "headerr", "headerf"), Story.running),
    **dict.fromkeys(("footer", "footerl", "footerr", "footerf"), Story.running),
    **dict.fromkeys(("shptxt", "dptxbxtext"), Story.box),
    **dict.fromkeys(("listtext", "pntext"), Story.label),
    "fldinst": Story.instructions,
    "ffl": Story.entry,
    "sn": Story.property_name,
    "sv": Story.property_value,
}
_WITHOUT_TEXT = frozenset(  # but other groups may be within them
    {
        *("fonttbl", "stylesheet", "pict", "picprop", "shp", "shpinst", "shpgrp", "do", "sp"),
        *("formfield", "upr"),
    }
)
_DEAD = frozenset(
    {
        *("colortbl", "info", "nonshppict", "shprslt", "objdata", "nonesttables", "xe", "tc"),
        *("mmathPict", "mmathPr", "ffname", "ffhelptext", "ffstattext", "ffdeftext"),
    }
)
_TEXT = frozenset(  # that is read although it is marked as what may be passed over
    {*_ASIDE, *_WITHOUT_TEXT, "shppict", "nesttableprops", "moMath", "moMathPara", "ud"}
)
_ACTIONS: Mapping[str, Action] = {
    "u": lambda story, _, number: story.character(number or 0),
    "uc": lambda _, group, number: setattr(group, "fallback", max(0, number or 0)),
    **dict.fromkeys(
        ("par", "sect", "page", "column", "\n", "\r"), lambda story, *_: story.end_paragraph()
    ),
    "pard": _new_paragraph,
    "plain": _plain,
    "intbl": _set("in_table", True),
    "cell": _end("end_cell"),
    "row": _end("end_row"),
    "trowd": lambda _, group, __: group.describe_row(),
    "cellx": lambda _, group, number: group.describe_row(number or 0),
    "nesttableprops": _set("is_inner_row", True),
    "nestcell": _end("end_inner_cell"),
    "nestrow": _end("end_inner_row"),
    "v": _switch("is_hidden"),
    **dict.fromkeys(("deleted", "mvf"), _switch("is_deleted")),
    **dict.fromkeys(("strike", "striked"), _switch("is_struck")),
    **{it: _set("script", it) for it in ("loch", "hich", "dbch", "rtlch", "ltrch")},
    "ilvl": lambda _, group, it: setattr(group, "level", min(_DEEPEST_LABEL, max(0, it or 0))),
    **dict.fromkeys(("f", "af"), lambda story, group, number: story.set_font(group, number or 0)),
    "s": lambda story, group, number: story.set_style(group, number or 0),
    "outlinelevel": lambda story, group, number: story.set_outline(group, number or 0),
    **{it: _set("table", it) for it in ("fonttbl", "stylesheet")},
    "ud": lambda story, group, _: story.take_up(group),
    "ansicpg": lambda story, _, number: story.set_page(number or 0),
    "mac": lambda story, *_: story.set_page(10_000),
    "pc": lambda story, *_: story.set_page(437),
    "pca": lambda story, *_: story.set_page(850),
    "deff": lambda story, _, number: story.set_default_font(number or 0),
    "fcharset": lambda story, _, number: story.set_charset(number or 0),
    "cpg": lambda story, group, number: story.set_font_page(group, number or 0),
    "field": lambda story, group, _: story.begin_field(group),
    "fftype": _of_field("kind"),
    "ffres": _of_field("result"),
    "ffdefres": _of_field("default"),
    "pict": lambda story, *_: story.count(RemarkKind.PICTURES),
    "objemb": lambda story, *_: story.count(RemarkKind.PARTS),
}
