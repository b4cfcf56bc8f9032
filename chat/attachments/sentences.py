"""What became of a file, in one sentence for people and in a few words for the model."""

from collections.abc import Mapping, Sequence

from chat.attachments.results import Reason, Remark, RemarkKind

_REASONS: Mapping[Reason, str] = {
    Reason.BINARY: "it is not a kind of file that can be read",
    Reason.BROKEN: "it is damaged, or not what its name says",
    Reason.EMPTY: "it is empty",
    Reason.KILLED: "reading it was stopped from outside",
    Reason.NO_TEXT: "there is no text in it; perhaps it is a scan",
    Reason.OLD_OFFICE: "it has the old Office format; save it as .docx, .xlsx or .pptx",
    Reason.PASSWORD: "it is protected with a password",
    Reason.SLOW: "reading it took too long",
    Reason.TOO_LARGE: "it takes too much memory",
    Reason.TOO_MANY_PIXELS: "the image has too many pixels",
    Reason.UNAVAILABLE: "the place where files are kept does not answer",
}

_REMARKS: Mapping[RemarkKind, str] = {
    RemarkKind.FIRST_FRAME: "only the first of its {} pictures is shown",
    RemarkKind.PICTURES: "pictures in it that are left out: {}",
    RemarkKind.PARTS: "files in it that are not read: {}",
}


def remarked(remarks: Sequence[Remark]) -> str:
    """Return in half a sentence what the model gets otherwise than it is in the file."""
    return "; ".join(_REMARKS[it.kind].format(it.detail) for it in remarks)


def noted(name: str, remarks: Sequence[Remark]) -> str:
    """Return the sentence about a file that was read, but not all or not surely as it is."""
    return f"“{name}”: {remarked(remarks)}."


def why(reason: Reason) -> str:
    """Return why a file could not be read, as half a sentence."""
    return _REASONS[reason]


def not_read(name: str, reason: Reason) -> str:
    """Return the sentence about a file that could not be read."""
    return f"“{name}” could not be read: {why(reason)}."


def part(first: int, whole: int | None) -> str:
    """Return which part of a text is there; `whole` is None where that is not known."""
    return (
        f"the first {first:,} of about {whole:,} tokens" if whole else f"the first {first:,} tokens"
    )


def was_cut(name: str, first: int, whole: int | None) -> str:
    """Return the sentence about a file of which the model gets the beginning; in tokens."""
    return f"“{name}” is long: the model gets {part(first, whole)}."


def image_not_seen(name: str) -> str:
    """Return the sentence about an image that the model could not look at."""
    return f"“{name}” was not sent: this model cannot see images."


def image_not_fitting(name: str) -> str:
    """Return the sentence about an image for which the model's context is too small."""
    return f"“{name}” was not sent: the model has no room for another image."


def image_refused(name: str) -> str:
    """Return the sentence about an image that the model's server does not take."""
    return f"“{name}” was not sent: the model's server does not take this image."
