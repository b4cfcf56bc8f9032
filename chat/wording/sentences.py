"""What went wrong with the model, in a sentence that says what to do."""

import re

import openai

from chat.models.base import AnswerInterrupted, AnswerWithheld, EmptyAnswer, Variables


class ThreadDeleted(Exception):
    """The conversation was deleted elsewhere while it is still open here."""


ANSWER_IS_CUT = (
    "The answer reached its limit of {tokens:,} tokens. Ask to go on, or raise the limit in the "
    "chat settings."
)
WITHHELD = "The model's provider held an answer back by its rules on content. Ask in other words."
_TOO_LATE = "The model did not answer in time. Try again in a moment."
_UNREACHABLE = "The model's server cannot be reached. Check {url}."
_TOO_LONG = (
    "This is too long for the model. Shorten the message, start a new chat, or lower "
    "MODEL_CONTEXT_TOKENS to what the model takes."
)
_NO_TEMPERATURE = "This model takes no temperature. Set it back in the chat settings."

# A refusal as such may have many reasons, which only its words tell.
_REFUSED = (400, 413, 422)
_WORDS = (
    (
        re.compile(
            r"context.?(length|size|window)|too long|maximum (context|number of tokens)"
            r"|too many tokens|too large",
            re.IGNORECASE,
        ),
        _TOO_LONG,
    ),
    (re.compile(r"['\"`]temperature['\"`]", re.IGNORECASE), _NO_TEMPERATURE),
)
_BUSY = "The model's server is busy or the quota is used up. Try later."
_BUSY_WORDS = re.compile(r"rate.?limit|quota|overloaded|too many requests", re.IGNORECASE)
_BLIND = (400, 404, 415, 422, 500)  # 500 is what llama.cpp says
_IMAGES = re.compile(r"\bimages?\b|image_url|\bvision\b|multi-?modal|content type", re.IGNORECASE)

_SENTENCES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (ThreadDeleted, "This conversation was deleted. Start a new chat; nothing is kept here."),
    (AnswerInterrupted, "The answer broke off. Ask again to get it whole."),
    (AnswerWithheld, WITHHELD),
    (EmptyAnswer, "The model gave an empty answer. Ask again, perhaps in other words."),
    (openai.APITimeoutError, _TOO_LATE),
    (openai.APIConnectionError, _UNREACHABLE),
    (openai.AuthenticationError, "The model's server refuses the key. Check {key}."),
    (openai.PermissionDeniedError, "The key may not use this model. Check OPENAI_MODEL."),
    (openai.NotFoundError, "The model does not exist there. Check OPENAI_MODEL."),
    (openai.RateLimitError, _BUSY),
    (
        (openai.BadRequestError, openai.UnprocessableEntityError),
        "The model's server refuses the request; the log has its reason.",
    ),
    (openai.APIError, "The model's server has a fault. Try again in a moment."),
)
_OTHERWISE = "Something went wrong while answering. Your message is kept; the log has the cause."


def sentence_for(exc: Exception, variables: Variables | None = None) -> str:
    """Return the sentence for an error, a general one for an error that is not known."""
    names = variables or Variables()
    return _sentence(exc).format(key=names.key, url=names.url)


def _sentence(exc: Exception) -> str:
    if isinstance(exc, openai.APIError) and _status(exc) in (*_REFUSED, None):
        for words, sentence in _WORDS:
            if words.search(exc.message):
                return sentence
        if _status(exc) is None and _BUSY_WORDS.search(exc.message):
            return _BUSY
    return next((sentence for kind, sentence in _SENTENCES if isinstance(exc, kind)), _OTHERWISE)


def is_about_images(exc: openai.APIStatusError) -> bool:
    """Tell whether a server that was sent images refuses them."""
    return exc.status_code in _BLIND and bool(_IMAGES.search(exc.message))


def _status(exc: openai.APIError) -> int | None:
    """Return the status of a reply; None for an error within a stream."""
    return exc.status_code if isinstance(exc, openai.APIStatusError) else None
