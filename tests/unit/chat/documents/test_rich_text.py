"""Rich text. LibreOffice wrote the letter; the rest is as Word and WordPad write it."""

import pytest

from tests.support.reading import case, remarks_on, text_in

LETTER = """Kopf: Aktenzeichen 47/11

Fuß: vertraulich

# Bericht für 世界
Grüße [note: Fußnotentext] aus [comment by Ada: Kommentar dazu] Köln (https://example.org/x), \
  drei Leerzeichen.
- eins
  - eins a
- zwei
| Monat | Umsatz |
| --- | --- |
| Mai | 1.234,50 € |

Im Textfeld

Das Ende."""
FONTS = (
    rb"{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fcharset204{\*\fname Arial;}Arial CYR;}"
    rb"{\f2\fcharset161 Arial;}{\f3\fcharset128 MS Mincho;}{\f4\fcharset2 Symbol;}"
    rb"{\f5\fcharset238 Arial;}{\f6\fcharset2 Wingdings;}{\f7\fnil Times Greek;}}"
)


def written(body: bytes, head: bytes = FONTS) -> str:
    """What is read of rich text."""
    return text_in("a.rtf", rb"{\rtf1\ansi\ansicpg1252\deff0" + head + b"\n" + body + b"}").text


def said(body: bytes) -> str:
    """What is said of it."""
    return remarks_on(text_in("a.rtf", rb"{\rtf1\ansi x" + body + b"}"))


def test_rich_text_is_read_with_notes_heads_and_boxes() -> None:
    reading = case("letter.rtf")
    assert reading.text == LETTER
    assert remarks_on(reading) == "pictures in it that are left out: 1"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2}", "Привет"),
        (b"{\\rtf1\\ansi\\ansicpg1251 " + "Привет".encode("cp1251") + b"}", "Привет"),
        (
            rb"{\rtf1\ansi\ansicpg1251{\fonttbl{\f0\fcharset0 Arial;}}\f0 \'cf\'f0\'e8}",
            "При",
        ),
        (rb"{\rtf1\ansi\uc1 Gr\u252 ?\u223 ?e \u-10179 ?\u-8704 ?}", "Grüße 😀"),
        (rb"{\rtf1\ansi\uc2 a\u26085\'93\'fab{\uc0 \u252 c}\uc1\u8220\ldblquote d}", "a日büc“d"),
        (rb"{\rtf1\mac Gr\'9f\'a7e}", "Grüße"),
        (rb"{\rtf1\ansi\ansicpg65001 Gr\'c3\'bc\'c3\'9fe}", "Grüße"),
        (rb"{\rtf1 one\par two\line three {\b bold}\{x\}}", "one\ntwo\nthree bold{x}"),
        (rb"{\rtf1 a{\footnote {\b n}\}}b}", "a [note: n}]b"),
        (rb"{\rtf1 not closed {\b at all", "not closed at all"),
        (rb"{\rtf1 {\*\unheard of}{\info{\title x}}{\colortbl;\red0;}rest}", "rest"),
    ],
)
def test_rich_text_of_any_code_page_is_read(content: bytes, text: str) -> None:
    assert text_in("a.rtf", content).text == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            rb"{\f1 \'cf\'f0\'e8}{\f2 \'ca\'e1\'eb}{\f5 \'bf\'f3\'b3\'e6} \'e9",
            "При\u039a\u03b1λżółć é",
        ),
        (rb"{\f7 \'ca\'e1\'eb}", "\u039a\u03b1λ"),
        (rb"{\f3 \'93\'fa\'96\{\'8c\'ea}", "日本語"),
        (rb"{\loch\af0\hich\af0\dbch\f3 \'93\'fa\'96\'7b}{\loch\f0 \'fc}", "日本ü"),
        (rb"{\f4 \'b7 a\u-3913 ?}{\f6 \'fc}\f0 a", "• \u03b1•✓a"),
    ],
)
def test_letters_are_those_of_their_font(body: bytes, text: str) -> None:
    assert written(body) == text


def test_what_nobody_sees_is_left_out_and_said() -> None:
    body = (
        rb"\pard a{\deleted\revauthdel1 gone }{\revised new }{\v hid}{\v den }b{\v0 c}"
        rb"\v d\plain e{\deleted\par}f{\mvf moved}\par"
    )
    assert written(body) == "anew bcef"
    left = "passages left out that tracked changes delete: 2; hidden passages left out: 2"
    assert said(body) == left


def test_lists_have_their_numbers() -> None:
    body = (
        rb"{\pntext\f0 1.\tab}{\*\pn\pnlvlbody\pnstart1\pndec{\pntxta .}}one\par"
        rb"{\pntext\f0 2.\tab}two\par\pard"
        rb"{\listtext\pard\plain a)\tab}\ls1\ilvl1 inner\par\pard"
        rb"{\listtext\pard\plain\f4\'b7\tab}\ls2 point\par\pard plain"
    )
    assert written(body) == "1. one\n2. two\n  a) inner\n- point\nplain"


def test_headings_are_known_by_their_styles() -> None:
    head = rb"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0\b heading 1;}{\*\cs2 x;}}"
    body = rb"\pard\plain\s1 One\par\pard\plain\s0 text\par\pard\outlinelevel1 Two\par"
    assert written(body, head) == "# One\ntext\n## Two"


def test_links_have_their_addresses() -> None:
    body = (
        rb'{\field{\*\fldinst {HYPERLINK "https://example.org/a" \\\\o "t"}}{\fldrslt {\ul here}}}'
        rb" {\field{\*\fldinst{HYPERLINK https://example.org/ }}{\fldrslt{https://example.org}}}"
        rb' {\field{\*\fldinst HYPERLINK \\\\l "_Toc1"}{\fldrslt inside}}.'
    )
    assert written(body) == "here (https://example.org/a) https://example.org inside."


def test_forms_are_read_as_they_are_filled() -> None:
    box = rb"{\field{\*\fldinst FORMCHECKBOX {\*\formfield{\fftype1\ffres%d\ffdefres1" \
          rb"{\*\ffname x}}}}{\fldrslt }}"  # fmt: skip
    chosen = (
        rb"{\field{\*\fldinst FORMDROPDOWN {\*\formfield{\fftype2\ffres1{\*\ffl Chile}"
        rb"{\*\ffl Peru}}}}{\fldrslt }}"
    )
    text = rb"{\field{\*\fldinst FORMTEXT {\*\formfield{\fftype0{\*\ffdeftext z}}}}{\fldrslt Ada}}"
    body = box % 1 + b" a " + box % 0 + b" b " + box % 25 + b" c " + chosen + b" " + text
    assert written(body) == "☑ a ☐ b ☑ c Peru Ada"


def test_tables_are_rows_of_cells() -> None:
    row = rb"\trowd\cellx1\cellx2\pard\intbl %b\cell %b\cell\row"
    inner = (
        rb"with\par\pard\intbl\itap2 in1\nestcell in2\nestcell"
        rb"{\*\nesttableprops\trowd\nestrow}{\nonesttables\par}\pard\intbl"
    )
    body = row % (b"A", b"a|b") + row % (rb"1\par 2\line 3", inner) + rb"\pard after\par"
    assert written(body) == (
        "| A | a\\|b |\n| --- | --- |\n| 1<br>2<br>3 | with<br>in1; in2 |\nafter"
    )


def test_pictures_are_counted_and_what_they_show_is_said() -> None:
    shown = rb"{\*\picprop{\sp{\sn wzDescription}{\sv A square}}}"
    body = (
        rb"a{\*\shppict{\pict" + shown + rb"\pngblip 89504e47}}{\nonshppict{\pict\wmetafile8 0100}}"
        rb"b{\pict\wmetafile8\bin6 }{\\x}}}c{\object\objemb{\*\objdata 0105}{\result d}}"
    )
    assert written(body) == "a[picture: A square]bcd"
    left = "pictures in it that are left out: 2; files in it that are not read: 1"
    assert said(body) == left


def test_what_is_struck_out_is_marked_and_formulas_are_in_a_line() -> None:
    body = (
        rb"{\strike Gr\'fc\'dfe}\strike  x\strike0  y "
        rb"{\mmath{\*\moMath{\mf{\mfPr}{\mnum{\mr a}}{\mden{\mr b}}}}{\mmathPict{\pict 01}}}"
    )
    assert written(body) == "~~Grüße x~~ y a/b"


def test_merged_cells_leave_the_others_in_their_columns() -> None:
    """`merged.rtf` is LibreOffice's; Word says of each cell whether it is merged."""
    table = (
        "| A | BC |  |\n| --- | --- | --- |\n| tall | x | y |\n|  | p | q |\n| wide |  |  |\n"
        "| 1 | 2 | 3 |"
    )
    assert case("merged.rtf").text == table
    first = rb"\trowd\cellx1000\clmgf\cellx2000\clmrg\cellx3000\intbl A\cell BC\cell\cell\row"
    second = rb"\trowd\clvmgf\cellx1010\cellx2000\cellx2990\intbl tall\cell x\cell y\cell\row"
    third = rb"\trowd\clvmrg\cellx1000\cellx2000\cellx3000\intbl\cell p\cell q\cell"
    third += rb"{\trowd\clvmrg\cellx1000\cellx2000\cellx3000\row}"
    last = rb"\trowd\cellx3000\intbl wide\cell\row\trowd\cellx1000\cellx2000\cellx3000"
    last += rb"\intbl 1\cell 2\cell 3\cell\row\pard end\par"
    content = rb"{\rtf1\ansi " + first + second + third + last + b"}"
    assert text_in("a.rtf", content).text == f"{table}\nend"


def test_a_table_within_a_merged_cell_changes_no_columns() -> None:
    inner = rb"\pard\intbl\itap2 a\nestcell b\nestcell"
    inner += rb"{\*\nesttableprops\trowd\cellx300\cellx600\nestrow}"
    row = rb"\trowd\cellx1000\cellx2000\cellx3000\intbl 1\cell 2\cell 3\cell\row"
    row += rb"\trowd\cellx1000\cellx3000\pard\intbl x\cell" + inner + rb"\pard\intbl\cell\row"
    text = text_in("a.rtf", rb"{\rtf1\ansi " + row + b"}").text
    assert text == "| 1 | 2 | 3 |\n| --- | --- | --- |\n| x | a; b |  |"


def test_a_long_table_is_one_table() -> None:
    rows = b"".join(rb"\trowd\cellx9\intbl %d\cell\row" % number for number in range(1_200))
    text = text_in("a.rtf", rb"{\rtf1\ansi " + rows + b"}").text
    assert text.count("---") == 1
    assert text.count("\n") == 1_200
