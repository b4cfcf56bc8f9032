"""Images as a model takes them: upright, small enough, and without what tells of the user."""

import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import cast

from PIL import Image, ImageOps, UnidentifiedImageError

from chat.attachments.results import (
    CannotRead,
    Picture,
    Reason,
    Remark,
    RemarkKind,
    picture,
)

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "ICO", "JPEG2000", "HEIF")
JPEG_QUALITY = 85
SMALL_PNG = 300_000  # bytes; a larger image loses its transparency to JPEG


def read(content: bytes, pixels: int) -> Picture:
    """Return an image whose longer side is at most so many pixels."""
    if content[4:8] == b"ftyp":
        import pi_heif

        pi_heif.register_heif_opener()
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            return replace(_encoded(_prepared(image, pixels)), remarks=_remarks(image))
    except (Image.DecompressionBombError, MemoryError) as exc:
        raise CannotRead(Reason.TOO_MANY_PIXELS, str(exc)) from exc
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as exc:
        raise CannotRead(Reason.BROKEN, str(exc)) from exc


def _remarks(image: Image.Image) -> Sequence[Remark]:
    frames = 1
    with suppress(OSError, SyntaxError, ValueError, EOFError):  # the first is there all the same
        frames = getattr(image, "n_frames", 1)
    return [Remark(RemarkKind.FIRST_FRAME, str(frames))] if frames > 1 else []


def _prepared(image: Image.Image, pixels: int) -> Image.Image:
    image.draft("RGB", (pixels, pixels))  # a large JPEG is then not unpacked whole
    upright = image.getexif().get(0x0112, 1)
    plain = _plain(image)
    plain.thumbnail((pixels, pixels), Image.Resampling.LANCZOS)
    plain.getexif()[0x0112] = upright
    return ImageOps.exif_transpose(plain)


def _plain(image: Image.Image) -> Image.Image:
    """Return the first frame in true colours."""
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
