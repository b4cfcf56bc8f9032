"""Images of phones and of drawing programs, previews, and what nobody here can show.

`phone.heic` was written by pillow-heif.
"""

import base64
import gzip
import io
import struct
from pathlib import Path
from typing import Any

import pytest
import reportlab
from PIL import Image, TiffImagePlugin

from chat.attachments import sentences
from chat.attachments.reading.images import vectors
from chat.attachments.results import Picture, Reason
from tests.support import documents
from tests.support.reading import CASES, reading_of, reason_in, text_in

DRAWING = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!-- Generator: of drawings -->\n'
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd" '
    '[<!ENTITY ns "http://www.w3.org/2000/svg">]>\n'
    '<svg xmlns="&ns;" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 40 20">'
    "<title>Sales</title>{}<text x='1' y='8' font-size='6'>May <tspan>2026</tspan></text></svg>"
)
RECTANGLE = '<rect width="20" height="20" fill="red"/>'


def shown(name: str, content: bytes) -> tuple[Picture, Image.Image]:
    """What a model would see."""
    picture = reading_of(name, content)
    assert isinstance(picture, Picture), picture
    return picture, Image.open(io.BytesIO(base64.b64decode(picture.data))).convert("RGB")


def colour(image: Image.Image, x: float, y: float) -> str:
    """Return the name of a colour at a place, in parts of the whole."""
    place = int(x * image.width), int(y * image.height)
    red, green, blue = image.getpixel(place)  # type: ignore[misc]
    return {(1, 0, 0): "red", (0, 0, 1): "blue", (1, 1, 1): "white"}.get(
        (red > 200, green > 200, blue > 200), f"{red} {green} {blue}"
    )


def test_an_image_of_a_phone_is_shown_and_tells_nothing_of_its_user() -> None:
    content = (CASES / "phone.heic").read_bytes()
    picture, image = shown("IMG_0001.HEIC", content)
    assert picture.mime == "image/jpeg"
    assert {picture.width, picture.height} == {60, 40}
    assert {colour(image, 0.1, 0.1), colour(image, 0.9, 0.9)} == {"red", "blue"}
    assert b"Ada" in content
    assert b"Ada" not in base64.b64decode(picture.data)


RARER = ("ICO", "JPEG2000", "AVIF", "ICNS", "PPM", "PCX", "TGA", "QOI")


@pytest.mark.parametrize("kind", RARER)
def test_rarer_kinds_are_shown(kind: str) -> None:
    _, image = shown(f"a.{kind.lower()}", documents.image(kind, (64, 64)))
    assert colour(image, 0.5, 0.5) == "red"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_many_pictures_the_first_is_shown_and_that_is_said(kind: str) -> None:
    frames = [Image.new("RGB", (20, 20), it) for it in ("red", "blue")]
    written = io.BytesIO()
    frames[0].save(written, kind, save_all=True, append_images=frames[1:])
    picture, image = shown("a", written.getvalue())
    assert colour(image, 0.5, 0.5) == "red"
    assert sentences.remarked(picture.remarks) == "only the first of its 2 pictures is shown"


def noise() -> Image.Image:
    """An image of which every part has many greys."""
    return Image.effect_noise((300, 200), 90).convert("RGB")


def saved(kind: str, image: Image.Image, **options: Any) -> bytes:
    """An image as a file."""
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "BMP"])
def test_of_a_damaged_image_what_is_left_is_shown_and_that_is_said(kind: str) -> None:
    content = saved(kind, noise())
    picture, image = shown("a", content[: len(content) // 2])
    assert "it is damaged" in sentences.remarked(picture.remarks)
    assert len(image.getcolors(10_000) or ()) > 50
    assert sentences.remarked(shown("a", content)[0].remarks) == ""
    assert reason_in("a.png", content[:50]) is Reason.BROKEN


@pytest.mark.parametrize(("width", "said"), [(75, ""), (300, "only the first of its 2 pictures")])
def test_what_belongs_to_a_photo_is_no_other_picture(width: int, said: str) -> None:
    other = noise().resize((width, width))
    content = saved("MPO", noise(), save_all=True, append_images=[other])
    remarks = sentences.remarked(shown("a.jpg", content)[0].remarks)
    assert remarks.startswith(said)
    assert bool(remarks) is bool(said)


def test_a_large_tiff_is_shown() -> None:
    _, image = shown("a.tif", documents.image("TIFF", big_tiff=True))
    assert colour(image, 0.5, 0.5) == "red"


def test_of_an_image_of_photoshop_the_whole_is_shown() -> None:
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 4, 6, 8, 3) + bytes(12) + b"\0\0"
    _, image = shown("a.psd", head + b"\xff" * 24 + b"\0" * 48)
    assert colour(image, 0.5, 0.5) == "red"


def camera_file(**tags: int) -> bytes:
    """What a camera writes: a small picture first, and previews somewhere behind it."""
    folder = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in {"254": 1, "271": "Maker", "274": 6, "330": 8, **tags}.items():
        folder[int(tag)] = value
    small = saved("TIFF", Image.new("RGB", (16, 12), "white"), tiffinfo=folder)
    previews = (documents.image("JPEG", size) for size in ((30, 20), (60, 40)))
    return small + b"".join(previews) + b"\xff\xd8\xff\xc4raw data"


def test_of_a_raw_file_of_a_camera_the_largest_preview_is_shown_and_that_is_said() -> None:
    picture, image = shown("a.nef", camera_file())
    assert (picture.width, picture.height) == (40, 60)
    assert colour(image, 0.5, 0.5) == "red"
    assert "save it as .jpg" in sentences.remarked(picture.remarks)


@pytest.mark.parametrize("name", ["a.svg", "renamed.txt", "a.svgz"])
def test_a_drawing_is_drawn_with_what_is_written_in_it(name: str) -> None:
    content = DRAWING.format(RECTANGLE).encode()
    picture, image = shown(name, gzip.compress(content) if name == "a.svgz" else content)
    assert picture.words == "Sales\nMay 2026"
    assert picture.width == 2 * picture.height
    assert colour(image, 0.1, 0.9) == "red"
    assert colour(image, 0.9, 0.9) == "white"


@pytest.mark.parametrize("unit", ["pt", "in", "cm", "mm", "px"])
def test_a_drawing_has_its_size_in_any_unit(unit: str) -> None:
    content = f'<svg xmlns="http://www.w3.org/2000/svg" width="400{unit}" height="200{unit}">'
    content += '<rect width="100%" height="100%" fill="red"/></svg>'
    picture, image = shown("a.svg", content.encode())
    assert abs(picture.width - 2 * picture.height) <= 2  # pixels are whole
    assert colour(image, 0.5, 0.5) == "red"


def test_what_is_written_in_a_drawing_as_html_is_read() -> None:
    label = "<switch><foreignObject><div xmlns='http://www.w3.org/1999/xhtml'>Pay <b>now</b></div>"
    label += "</foreignObject><text>Text is not SVG</text></switch>"
    picture, _ = shown("a.svg", DRAWING.format(label).encode())
    assert picture.words == "Sales\nPay now\nMay 2026"


def test_letters_are_drawn_in_whatever_family_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "FONTS", (str(Path(reportlab.__file__).parent / "fonts"),))
    text = '<text x="0" y="18" font-size="20" font-family="Unheard Of">HHH</text>'
    drawn = [shown("a.svg", DRAWING.format(it).encode())[1].convert("L") for it in (text, "")]
    with_letters, without = (sum(it.histogram()[:64]) for it in drawn)
    assert with_letters > 2 * without + 50


@pytest.mark.parametrize(
    "link",
    [
        '<image width="40" height="20" xlink:href="{}"/>',
        '<image width="40" height="20" href="{}"/>',
        '<use href="{}#x"/>',
        '<filter id="f"><feImage href="{}"/></filter><g filter="url(#f)"><path/></g>',
    ],
)
def test_a_drawing_loads_nothing(link: str, tmp_path: Path) -> None:
    secret = documents.image("PNG", colour="blue")
    path = tmp_path / "secret.png"
    path.write_bytes(secret)
    for address in (path, path.as_uri()):
        _, image = shown("a.svg", DRAWING.format(link.format(address)).encode())
        assert colour(image, 0.5, 0.9) == "white"


def test_a_picture_within_a_drawing_is_drawn() -> None:
    data = base64.b64encode(documents.image("PNG")).decode()
    link = f'<image width="40" height="20" xlink:href="data:image/png;base64,{data}"/>'
    _, image = shown("a.svg", DRAWING.format(link).encode())
    assert colour(image, 0.5, 0.9) == "red"


def test_entities_that_grow_are_not_drawn() -> None:
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    laughs = f'<!DOCTYPE svg [<!ENTITY a0 "ha">{levels}]><svg xmlns="x"><text>&a9;</text></svg>'
    assert text_in("a.svg", laughs.encode()).text == laughs


def test_a_drawing_that_cannot_be_drawn_is_read_as_the_text_that_it_is() -> None:
    assert text_in("a.svg", b"<svg><path d='").text == "<svg><path d='"


@pytest.mark.parametrize("name", ["preview.jpg", "QuickLook/Thumbnail.jpg"])
def test_of_apples_documents_the_preview_is_shown_and_that_is_said(name: str) -> None:
    members = {"Index/Document.iwa": b"\0\1", name: documents.image("JPEG")}
    picture, image = shown("a.pages", documents.zipped(members))
    assert colour(image, 0.5, 0.5) == "red"
    assert "export it as a PDF" in sentences.remarked(picture.remarks)


@pytest.mark.parametrize(
    ("begins", "reason"),
    [
        (b"ID3\4\0", Reason.RECORDING),
        (b"\0\0\0\x18ftypisom", Reason.RECORDING),
        (b"\0\0\0\x20ftypM4A ", Reason.RECORDING),
        (b"RIFF\0\0\0\0WAVEfmt ", Reason.RECORDING),
        (b"\x1aE\xdf\xa3", Reason.RECORDING),
        (b"OggS\0", Reason.RECORDING),
        (b"\xff\xfb\x90", Reason.RECORDING),
        (b"PAR1", Reason.DATA),
        (b"SQLite format 3\0", Reason.DATA),
        (b"AC1032", Reason.DRAWING),
        (b"7z\xbc\xaf\x27\x1c", Reason.ARCHIVE),
        (b"Rar!\x1a\x07\1\0", Reason.ARCHIVE),
        (b"\xff\x0a", Reason.IMAGE),
        (b"gimp xcf v011", Reason.IMAGE),
        (b"\0" * 128 + b"DICM", Reason.IMAGE),
        (b"\1\0\0\0" + b"\0" * 36 + b" EMF", Reason.IMAGE),
        (b"AT&TFORM", Reason.DRAWING),
        (b"\x28\xb5\x2f\xfd", Reason.ARCHIVE),
        (b"\x7fELF", Reason.BINARY),
    ],
)
def test_what_is_not_read_has_the_reason_that_helps(begins: bytes, reason: Reason) -> None:
    assert reason_in("a", begins + b"\0\1" * 200) is reason


def test_of_apples_documents_without_a_preview_it_is_said_what_to_do() -> None:
    content = documents.zipped({"Index/Document.iwa": b"\0\1"})
    assert reason_in("a.pages", content) is Reason.IWORK


@pytest.mark.parametrize("kept", [0.3, 0.95])
def test_an_image_that_breaks_off_is_broken_and_not_of_an_unknown_kind(kept: float) -> None:
    for kind in ("AVIF", "WEBP"):
        content = documents.image(kind, (300, 300))
        assert reason_in("a.bin", content[: round(len(content) * kept)]) is Reason.BROKEN


def test_a_drawing_that_matplotlib_wrote_is_shown() -> None:
    drawing = Path(__file__).parents[4] / "docs/images/benchmarks.svg"
    _, image = shown("a.svg", drawing.read_bytes())
    assert image.width / image.height == pytest.approx(576 / 468, abs=0.02)
    assert len(set(image.resize((64, 52)).get_flattened_data())) > 20
