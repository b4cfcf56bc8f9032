"""What went wrong with the model, in a sentence that says what to do."""

import re

import openai

from chat.model import AnswerInterrupted, EmptyAnswer


class ThreadDeleted(Exception):
    """The conversation was deleted elsewhere while it is still open here."""


_SENTENCES: tuple[tuple[type[Exception], str], ...] = (
    (ThreadDeleted, "This conversation was deleted. Start a new chat; nothing is kept here."),
    (AnswerInterrupted, "The answer broke off. Ask again to get it whole."),
    (EmptyAnswer, "The model gave an empty answer. Ask again, perhaps in other words."),
    (openai.APITimeoutError, "The model did not answer in time. Try again in a moment."),
    (openai.APIConnectionError, "The model's server cannot be reached. Check OPENAI_BASE_URL."),
    (openai.AuthenticationError, "The model's server refuses the key. Check OPENAI_API_KEY."),
    (openai.PermissionDeniedError, "The key may not use this model. Check OPENAI_MODEL."),
    (openai.NotFoundError, "The model does not exist there. Check OPENAI_MODEL."),
    (openai.RateLimitError, "The model's server is busy or the quota is used up. Try later."),
    (openai.BadRequestError, "The model's server refuses the request; it may be too long."),
    (openai.APIStatusError, "The model's server has a fault. Try again in a moment."),
)


BLIND = (
    "This model cannot see images. Choose one that can, or start a new chat and describe in words "
    "what they show."
)
_OF_IMAGES = re.compile(
    r"\bimages?\b|image_url|\bvision\b|multi-?modal|content type", re.IGNORECASE
)


def sentence_for(exc: Exception) -> str:
    """Return the sentence for an error, a general one for an error that is not known."""
    if isinstance(exc, openai.APIStatusError) and _OF_IMAGES.search(exc.message):
        return BLIND
    for kind, sentence in _SENTENCES:
        if isinstance(exc, kind):
            return sentence
    return "Something went wrong while answering. Your message is kept; the log has the cause."
