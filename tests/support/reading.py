"""Files read as the reading process reads them, without a process where none is needed."""

from pathlib import Path, PurePath

from chat.attachments import sentences
from chat.attachments.process import MEMORY
from chat.attachments.reading.__main__ import ReadingRequest, read
from chat.attachments.results import ExtractedText, Reading, Reason, Unread

CASES = Path(__file__).resolve().parent / "files"


def reading_of(name: str, content: bytes, characters: int = 20_000) -> Reading:
    """Return what the process would answer."""
    request = ReadingRequest(
        suffix=PurePath(name).suffix, characters=characters, pixels=100, memory=MEMORY, nice=0,
        seconds=20,
    )  # fmt: skip
    return read(content, request)


def text_in(name: str, content: bytes, characters: int = 20_000) -> ExtractedText:
    """Return the text in a file that can be read."""
    reading = reading_of(name, content, characters)
    assert isinstance(reading, ExtractedText), reading
    return reading


def case(name: str) -> ExtractedText:
    """Return the text in one of the files that are kept with the tests."""
    return text_in(name, (CASES / name).read_bytes())


def reason_in(name: str, content: bytes) -> Reason:
    """Return why a file cannot be read."""
    reading = reading_of(name, content)
    assert isinstance(reading, Unread), reading
    return reading.reason


def remarks_on(reading: ExtractedText) -> str:
    """Return what is said to be otherwise than in the file."""
    return sentences.remarked(reading.remarks)
