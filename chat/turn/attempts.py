"""What is left out of a prompt when the model's server refuses it, and what was refused. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chat.turn.history import REFUSED, REFUSED_IMAGES, Talk
from chat.wording.faults import REFUSALS, Fault

# What is too long is asked again with a part of the history, then without any.
_SHARES = (1.0, 0.25, 0.0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is left out of a prompt, since the model's server refused it with that."""

    sees_images: bool = True
    refused_images: frozenset[str] = frozenset()
    """The ids of messages whose images are left out."""
    history_share: float = 1.0
    """How much of the room for earlier messages they may have."""
    refused_history: tuple[str, ...] = ()
    """The ids of earlier messages that were refused for what they say."""


def next_attempt(
    attempt: Attempt, talk: Talk, fault: Fault, *, images: Fault | None, again: bool
) -> Attempt | None:
    """Return what to try after a refusal; None where nothing is left that could be at fault.

    `images` is the fault that the refusal finds with images, `again` whether the question before
    was refused as well: then what was said before them may be what is refused.
    """
    if images and talk.with_images:
        return _without_images(attempt, talk, images)
    if fault in (Fault.TOO_LONG, Fault.TOO_LARGE) and talk.has_history:
        smaller = next(share for share in _SHARES if share < attempt.history_share)
        return replace(attempt, history_share=smaller)
    if fault in (Fault.CONTENT, Fault.WITHHELD, Fault.REQUEST) and again and talk.has_history:
        return replace(attempt, history_share=0.0, refused_history=tuple(talk.before_question))
    return None


def _without_images(attempt: Attempt, talk: Talk, images: Fault) -> Attempt:
    if images is Fault.IMAGES:
        return replace(attempt, sees_images=False)
    # Those of earlier messages were taken before.
    ids = [message for message in talk.with_images if message in talk.asked] or talk.with_images
    return replace(attempt, refused_images=attempt.refused_images | frozenset(ids))


def refusals(
    attempt: Attempt, talk: Talk | None = None, fault: Fault | None = None
) -> Mapping[str, Sequence[str]]:
    """Return what is not sent again, for the metadata of what ends the turn.

    Of a turn that failed before a word was shown these are its `talk` and its `fault`.
    """
    was_refused = talk is not None and fault in REFUSALS
    refused = talk.asked if talk is not None and was_refused else attempt.refused_history
    found = {REFUSED: list(refused), REFUSED_IMAGES: sorted(attempt.refused_images)}
    return {name: ids for name, ids in found.items() if ids}
