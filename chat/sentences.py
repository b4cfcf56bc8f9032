"""What went wrong with the model, in a sentence that says what to do."""

import re

import httpx2
import openai

from chat.model import AnswerInterrupted, EmptyAnswer


class ThreadDeleted(Exception):
    """The conversation was deleted elsewhere while it is still open here."""


_TOO_LATE = "The model did not answer in time. Try again in a moment."
_UNREACHABLE = "The model's server cannot be reached. Check OPENAI_BASE_URL."
_TOO_LONG = (
    "This is too long for the model. Shorten the message, start a new chat, or lower "
    "MODEL_CONTEXT_TOKENS to what the model takes."
)
_NO_TEMPERATURE = "This model takes no temperature. Set it back in the chat settings."

# By what the server's own words contain, for refusals that share one status.
_WORDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("context_length", "context length", "too long", "maximum context", "too many tokens"),
        _TOO_LONG,
    ),
    (("'temperature'", '"temperature"'), _NO_TEMPERATURE),
)
_REFUSALS = (openai.BadRequestError, openai.UnprocessableEntityError, openai.ConflictError)

_SENTENCES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (ThreadDeleted, "This conversation was deleted. Start a new chat; nothing is kept here."),
    (AnswerInterrupted, "The answer broke off. Ask again to get it whole."),
    (EmptyAnswer, "The model gave an empty answer. Ask again, perhaps in other words."),
    ((openai.APITimeoutError, httpx2.TimeoutException), _TOO_LATE),
    ((openai.APIConnectionError, httpx2.TransportError), _UNREACHABLE),
    (openai.AuthenticationError, "The model's server refuses the key. Check OPENAI_API_KEY."),
    (openai.PermissionDeniedError, "The key may not use this model. Check OPENAI_MODEL."),
    (openai.NotFoundError, "The model does not exist there. Check OPENAI_MODEL."),
    (openai.RateLimitError, "The model's server is busy or the quota is used up. Try later."),
    (_REFUSALS, "The model's server refuses the request; the log has its reason."),
    (openai.APIStatusError, "The model's server has a fault. Try again in a moment."),
)

ANSWER_IS_CUT = (
    "The answer reached its limit of {tokens:,} tokens. Ask to go on, or raise the limit in the "
    "chat settings."
)


BLIND = (
    "This model cannot see images. Choose one that can, or start a new chat and describe in words "
    "what they show."
)
_OF_IMAGES = re.compile(
    r"\bimages?\b|image_url|\bvision\b|multi-?modal|content type", re.IGNORECASE
)


def is_about_images(exc: Exception) -> bool:
    """Tell whether a server refuses because its model cannot see."""
    return isinstance(exc, openai.APIStatusError) and bool(_OF_IMAGES.search(exc.message))


def sentence_for(exc: Exception) -> str:
    """Return the sentence for an error, a general one for an error that is not known."""
    if is_about_images(exc):
        return BLIND
    if isinstance(exc, openai.APIStatusError) and (said := _by_words(str(exc))):
        return said
    for kind, sentence in _SENTENCES:
        if isinstance(exc, kind):
            return sentence
    return "Something went wrong while answering. Your message is kept; the log has the cause."


def _by_words(reason: str) -> str | None:
    folded = reason.casefold()
    return next(
        (sentence for words, sentence in _WORDS if any(word in folded for word in words)), None
    )
