"""Images as a model takes them: upright, small enough, and without what tells of the user."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import cast

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from chat.attachments.reading.images import raw
from chat.attachments.results import (
    CannotRead,
    Picture,
    Reason,
    Remark,
    RemarkKind,
    picture,
)

FORMATS = (
    *("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "ICO", "JPEG2000"),
    *("CUR", "ICNS", "PSD", "PPM", "PCX", "QOI", "TGA"),
)
JPEG_QUALITY = 85
SMALL_PNG = 300_000  # bytes; a larger image loses its transparency to JPEG
_COMMON = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF", b"BM")
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError)  # UnidentifiedImageError is an OSError
_ALIKE = 0.75  # of a side: what is smaller beside a picture is a preview, or belongs to it


def read(content: bytes, pixels: int) -> Picture:
    """Return an image whose longer side is at most so many pixels."""
    if content[4:8] == b"ftyp":
        import pi_heif

        pi_heif.register_heif_opener()
    if found := raw.preview(content):
        shown = _read(found.jpeg, pixels, found.orientation)
        return replace(shown, remarks=[Remark(RemarkKind.RAW)])
    return _read(content, pixels)


def _read(content: bytes, pixels: int, orientation: int | None = None) -> Picture:
    """Return an image; of a damaged one what is left of it."""
    try:
        return _shown(content, pixels, orientation)
    except (Image.DecompressionBombError, MemoryError) as exc:
        raise CannotRead(Reason.TOO_MANY_PIXELS, str(exc)) from exc
    except _DAMAGE as exc:
        refused = CannotRead(_reason(content, exc), str(exc))
    with suppress(*_DAMAGE), _damage_allowed():
        shown = _shown(content, pixels, orientation)
        return replace(shown, remarks=[*shown.remarks, Remark(RemarkKind.DAMAGED)])
    raise refused


def _reason(content: bytes, fault: Exception) -> Reason:
    is_known = content.startswith(_COMMON) or _is_cut_off(content)
    return (
        Reason.IMAGE
        if isinstance(fault, UnidentifiedImageError) and not is_known
        else Reason.BROKEN
    )


def _is_cut_off(content: bytes) -> bool:
    """Tell whether the last box of an AVIF or HEIC is not all there."""
    at = 0
    while content[4:8] == b"ftyp" and at + 8 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        if size == 1:  # a longer number follows
            size = int.from_bytes(content[at + 8 : at + 16], "big")
        if size < 8:  # the last box goes to the end
            return False
        at += size
    return at > len(content)


@contextmanager
def _damage_allowed() -> Iterator[None]:
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _shown(content: bytes, pixels: int, orientation: int | None) -> Picture:
    formats = (*FORMATS, "HEIF") if content[4:8] == b"ftyp" else FORMATS
    with Image.open(io.BytesIO(content), formats=formats) as image:
        prepared = _prepared(image, pixels, orientation)
        if ImageFile.LOAD_TRUNCATED_IMAGES and _is_blank(prepared):
            raise ValueError("nothing is left of it")
        return replace(_encoded(prepared), remarks=_remarks(image))


def _is_blank(image: Image.Image) -> bool:
    low, high = cast(tuple[float, float], image.convert("L").getextrema())
    return low == high


def _remarks(image: Image.Image) -> Sequence[Remark]:
    frames = 1
    with suppress(*_DAMAGE):  # the first is there all the same
        frames = _frames(image)
    return [Remark(RemarkKind.FIRST_FRAME, str(frames))] if frames > 1 else []


def _frames(image: Image.Image) -> int:
    """Return how many pictures there are; layers are none, nor is what belongs to a photo."""
    count: int = getattr(image, "n_frames", 1)
    if image.format == "PSD":
        return 1
    if image.format != "MPO":
        return count
    image.seek(0)
    width, mode, alike = image.width, image.mode, 0
    for number in range(count):
        image.seek(number)
        alike += image.width >= width * _ALIKE and image.mode == mode
    return alike


def _prepared(image: Image.Image, pixels: int, orientation: int | None) -> Image.Image:
    image.draft("RGB", (pixels, pixels))  # a large JPEG is then not unpacked whole
    upright = orientation or image.getexif().get(0x0112, 1)
    plain = _plain(image)
    plain.thumbnail((pixels, pixels), Image.Resampling.LANCZOS)
    plain.getexif()[0x0112] = upright
    return ImageOps.exif_transpose(plain)


def _plain(image: Image.Image) -> Image.Image:
    """Return the first frame in true colours."""
    if image.format != "PSD":  # whose whole is there before any layer
        image.seek(0)
    if image.mode.startswith(("I", "F")):
        return _of_many_greys(image)
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("RGB") if image.mode not in ("L", "RGB") else image.copy()


def _of_many_greys(image: Image.Image) -> Image.Image:
    """Scientific images have more greys than a byte: stretch what there is."""
    grey = image.convert("F")
    low, high = cast(tuple[float, float], grey.getextrema())
    scale = 255 / (high - low or 1)
    return grey.point(lambda value: value * scale - low * scale).convert("L")


def _encoded(image: Image.Image) -> Picture:
    if image.mode == "RGBA":
        if _is_transparent(image) and len(png := _saved(image, "PNG")) <= SMALL_PNG:
            return picture("image/png", png, image.size)
        image = _on_white(image)
    return picture("image/jpeg", _saved(image, "JPEG"), image.size)


def _is_transparent(image: Image.Image) -> bool:
    lowest, _ = image.getchannel("A").getextrema()
    return lowest != 255


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _saved(image: Image.Image, kind: str) -> bytes:
    """Encode pixels only: no Exif, no profile, no comment."""
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    written = io.BytesIO()
    bare.save(written, kind, quality=JPEG_QUALITY, optimize=kind == "PNG")
    return written.getvalue()
