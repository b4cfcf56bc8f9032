"""Presentations: shapes of every kind, what is said of slides, and which are hidden."""

import io
from collections.abc import Callable
from typing import Any

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from tests.support import documents
from tests.support.office import renamed, strict, unpacked, without
from tests.support.reading import remarks_on, text_in

P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"


def plan() -> dict[str, bytes]:
    """The members of a presentation that python-pptx wrote."""
    deck = pptx.Presentation()
    slide: Any = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Plan"
    frame = slide.placeholders[1].text_frame
    frame.text = "first"
    deeper = frame.add_paragraph()
    deeper.text, deeper.level = "deeper", 1
    run = frame.add_paragraph().add_run()
    run.text, run.hyperlink.address = "site", "https://example.com"
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "in a group"
    make_data: Any = CategoryChartData  # has no annotations
    data = make_data()
    data.categories = ["Q1", "Q2"]
    data.add_series("Sales", (1.5, 2))
    kind = XL_CHART_TYPE.COLUMN_CLUSTERED
    chart = slide.shapes.add_chart(kind, 0, 0, Inches(1), Inches(1), data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "How it went"
    picture = slide.shapes.add_picture(io.BytesIO(documents.image("PNG")), 0, 0)
    picture._element.nvPicPr.cNvPr.set("descr", "A map")
    slide.notes_slide.notes_text_frame.text = "Smile"
    second: Any = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Second"
    second._element.set("show", "0")
    held = io.BytesIO()
    deck.save(held)
    return unpacked(held.getvalue())


PLAN = (
    "## Slide 1\n\nPlan\nfirst\n  deeper\n[site](https://example.com)\nin a group\n"
    "[chart: How it went]\nSales: Q1 = 1.5; Q2 = 2\n[picture: A map]\n\nNotes: Smile\n\n\n"
    "## Slide 2 (hidden)\n\nSecond"
)


@pytest.mark.parametrize(
    "change",
    [
        dict,
        strict,
        renamed(lambda name: name.replace("/", "\\")),
        renamed(str.upper),
        without("[Content_Types].xml", "docProps/app.xml"),
        without("_rels/.rels"),
    ],
)
def test_a_presentation_reads_the_same_however_its_parts_are_named(
    change: Callable[[dict[str, bytes]], dict[str, bytes]],
) -> None:
    reading = text_in("a.pptx", documents.zipped(change(plan())))
    assert reading.text == PLAN
    assert reading.counts == {"slides": 2}
    assert remarks_on(reading) == (
        "pictures in it that are left out: 1; hidden slides, which are read too: 1"
    )


def with_slide(shapes: str, relations: str = "", **parts: bytes) -> str:
    """Return what is read of one slide with these shapes."""
    members = unpacked(documents.slides("x"))
    slide = (
        f'<p:sld xmlns:p="{P}" xmlns:a="{A}" xmlns:r="r" xmlns:mc="mc" xmlns:m="m" '
        f'xmlns:dgm="dgm"><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>'
    )
    rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f"{relations}</Relationships>"
    )
    changed = {
        "ppt/slides/slide1.xml": slide.encode(),
        "ppt/slides/_rels/slide1.xml.rels": rels.encode(),
    }
    text = text_in("a.pptx", documents.zipped(members | changed | parts)).text
    return text.removeprefix("## Slide 1\n\n")


def shape(inside: str, kind: str = "") -> str:
    placeholder = f'<p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>' if kind else ""
    return f"<p:sp>{placeholder}<p:txBody><a:p>{inside}</a:p></p:txBody></p:sp>"


TEXT = "<a:r><a:t>seen</a:t></a:r>"


@pytest.mark.parametrize(
    ("shapes", "text"),
    [
        (shape(TEXT) + shape("<a:fld><a:t>7</a:t></a:fld>", "sldNum"), "seen"),
        (
            f"<mc:AlternateContent><mc:Choice>{shape(TEXT)}</mc:Choice>"
            f"<mc:Fallback>{shape(TEXT)}</mc:Fallback></mc:AlternateContent>",
            "seen",
        ),
        (shape("<a:r><a:t>a</a:t></a:r><a:br/><a:r><a:t>b</a:t></a:r>"), "a\nb"),
        (
            shape("<m:m><m:oMath><m:sSup><m:e><m:t>x</m:t></m:e><m:sup><m:t>2</m:t></m:sup>"
                  "</m:sSup></m:oMath></m:m>"),
            "x^(2)",
        ),
    ],
)  # fmt: skip
def test_what_stands_on_a_slide_is_read_once(shapes: str, text: str) -> None:
    assert with_slide(shapes) == text


def test_smartart_and_comments_are_read() -> None:
    text = with_slide(
        '<p:graphicFrame><dgm:relIds r:dm="r1"/></p:graphicFrame>',
        '<Relationship Id="r1" Type="x/diagramData" Target="../diagrams/data1.xml"/>'
        '<Relationship Id="r2" Type="x/comments" Target="/ppt/comments/c1.xml"/>',
        **{
            "ppt/diagrams/data1.xml": (
                f'<d:dataModel xmlns:d="d" xmlns:a="{A}"><d:ptLst><d:pt><d:t><a:p><a:r><a:t>Ask'
                "</a:t></a:r></a:p></d:t></d:pt><d:pt><d:t><a:p><a:r><a:t>Answer</a:t></a:r></a:p>"
                "</d:t></d:pt><d:pt/></d:ptLst></d:dataModel>"
            ).encode(),
            "ppt/comments/c1.xml": (
                f'<p:l xmlns:p="{P}"><p:cm><p:text>Why?</p:text></p:cm></p:l>'
            ).encode(),
        },
    )
    assert text == "- Ask\n- Answer\n[comment: Why?]"


def test_where_shapes_lead_and_what_is_played_is_said() -> None:
    deck = pptx.Presentation()
    slide: Any = deck.slides.add_slide(deck.slide_layouts[6])
    inch, picture = Inches(1), io.BytesIO(documents.image("PNG"))
    box = slide.shapes.add_textbox(0, 0, inch, inch)
    box.text_frame.text = "10"
    run = box.text_frame.paragraphs[0].add_run()
    run.text = "6"
    run.font._element.set("baseline", "30000")
    box.click_action.hyperlink.address = "https://example.com/box"
    shape = slide.shapes.add_shape(1, 0, 0, inch, inch)
    shape._element.nvSpPr.cNvPr.set("descr", "an arrow up")
    slide.shapes.add_movie(
        io.BytesIO(b"film"), 0, 0, inch, inch, poster_frame_image=picture, mime_type="video/mp4"
    )
    held = io.BytesIO()
    deck.save(held)
    reading = text_in("a.pptx", held.getvalue())
    assert reading.text == (
        "## Slide 1\n\n10<sup>6</sup>\n[link: https://example.com/box]\n[drawing: an arrow up]"
    )
    assert remarks_on(reading) == "files in it that are not read: 1"


def test_what_is_at_the_foot_of_slides_is_read_once() -> None:
    deck = pptx.Presentation()
    for number in range(2):
        slide: Any = deck.slides.add_slide(deck.slide_layouts[6])
        for kind, text in (("ftr", "Confidential"), ("dt", f"May {number}"), ("sldNum", "1")):
            box = slide.shapes.add_textbox(0, 0, Inches(1), Inches(1))
            box.text_frame.text = text
            box._element.nvSpPr.nvPr.append(box._element.makeelement(f"{{{P}}}ph", {"type": kind}))
    held = io.BytesIO()
    deck.save(held)
    assert text_in("a.pptx", held.getvalue()).text == (
        "## Slide 1\n\n[footer] Confidential\n[footer] May 0\n\n\n## Slide 2\n\n[footer] May 1"
    )
