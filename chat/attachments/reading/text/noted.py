"""What is said of how the bytes of a text were read."""

from chat.attachments.reading.text.candidates import NAMES
from chat.attachments.reading.text.decoding import Decoded
from chat.attachments.reading.text_buffer import TextBuffer
from chat.attachments.results import RemarkKind


def noted(decoded: Decoded, buffer: TextBuffer) -> str:
    """Return a text, and note in the buffer what was guessed, bad or left out of it."""
    if decoded.guessed:
        buffer.remark(_guess(decoded), NAMES[decoded.guessed])
    for kind, number in (
        (RemarkKind.BAD_BYTES, decoded.bad),
        (RemarkKind.NULS, decoded.nuls),
        (RemarkKind.CONTROLS, decoded.controls),
        (RemarkKind.HALVES, decoded.halves),
    ):
        buffer.tally[kind] += number
    if decoded.is_parted:
        buffer.remark(RemarkKind.SEPARATORS)
    return decoded.text


def _guess(decoded: Decoded) -> RemarkKind:
    if decoded.is_mixed:
        return RemarkKind.MIXED
    if decoded.is_misnamed:
        return RemarkKind.MISNAMED
    return RemarkKind.GUESSED if decoded.is_sure else RemarkKind.DOUBTED
