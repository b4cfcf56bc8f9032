"""The names of an archive's members, as whoever packed it wrote them."""

import zipfile
from collections.abc import Sequence

from chat.attachments.reading.text.decoding import text_of

_IS_UNICODE = 0x800  # a flag
_SEPARATOR = b"\n"


def member_names(members: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Return the names; those that do not say their encoding are all in one, which is guessed.

    Windows writes them in the code page of its language, macOS in UTF-8 without saying so.
    """
    raw = [it.orig_filename.encode("cp437") for it in members if not it.flag_bits & _IS_UNICODE]
    guessed = iter(text_of(_SEPARATOR.join(raw)).split("\n")) if raw else iter(())
    names = (
        it.filename if it.flag_bits & _IS_UNICODE else next(guessed, it.filename) for it in members
    )
    return [name.replace("\\", "/") for name in names]
