"""Which kind of fault a model's error is: by its type, its status and the words in it. Pure.

Servers agree on little but the status, and not on that: one says in words what another says in a
code. What is looked for is what public servers and gateways are known to say.
"""

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

import httpx2
import openai

from chat.models.base import (
    AnswerInterrupted,
    AnswerWithheld,
    EmptyAnswer,
    NoChatAPI,
    ServerBusy,
)
from datalayer.errors import DataLayerError


class ThreadDeleted(Exception):
    """The conversation was deleted elsewhere while it is still open here."""


class QuestionUnsaved(Exception):
    """The question can be kept nowhere: neither the database nor the journal takes it."""


class QuestionRefused(Exception):
    """The question has the id of a message of another conversation."""


class Fault(Enum):
    """What went wrong. Each has its sentences."""

    THREAD_DELETED = auto()
    QUESTION_REFUSED = auto()
    QUESTION_UNSAVED = auto()
    # The answer
    BROKE_OFF = auto()
    PROVIDER_LOST = auto()
    OVERLOADED_MIDWAY = auto()
    LATE_MIDWAY = auto()
    WITHHELD = auto()
    EMPTY = auto()
    # The request
    CONTENT = auto()
    TOO_LONG = auto()
    TOO_LARGE = auto()
    TOO_MANY_OUTPUT = auto()
    TEMPERATURE = auto()
    IMAGES = auto()
    BAD_IMAGE = auto()
    REQUEST = auto()
    # The account
    KEY = auto()
    FORBIDDEN = auto()
    CREDIT = auto()
    REGION = auto()
    # The model
    NO_MODEL = auto()
    DEPRECATED = auto()
    NOT_LOADED = auto()
    # The server
    BUSY = auto()
    BUSY_FOR = auto()
    SERVER = auto()
    # The way to it
    WRONG_PATH = auto()
    NO_CHAT_API = auto()
    CERTIFICATE = auto()
    NO_TLS = auto()
    PROXY = auto()
    UNKNOWN_HOST = auto()
    NOBODY_LISTENS = auto()
    UNREACHABLE = auto()
    LATE = auto()
    OTHER = auto()


# A server refuses these again each time: the message that brought it is not sent again.
REFUSALS = frozenset(
    {Fault.CONTENT, Fault.WITHHELD, Fault.TOO_LONG, Fault.TOO_LARGE, Fault.REQUEST}
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A fault, known by words where they come with one of these statuses; None is a stream's."""

    fault: Fault
    statuses: frozenset[int | None]
    words: re.Pattern[str]


def _rule(fault: Fault, statuses: tuple[int | None, ...], *words: str) -> _Rule:
    return _Rule(fault, frozenset(statuses), re.compile("|".join(words), re.IGNORECASE))


_LIMIT = r"(?:max_(?:completion_|output_|new_)?tokens?|maxOutputTokens)"
_AMOUNT = r"(?:too (?:large|high|big|many)|at most|must be|should be|less than|exceed|greater|range"
_AMOUNT += r"|between|supports|maximum|>)"
_PLACE = r"(?:country|countries|region|territory|location)"

# The first that fits decides.
_RULES = (
    _rule(
        Fault.CONTENT,
        (400, 403, 422, 451, None),
        r"content.?(filter|policy|management policy)|ResponsibleAIPolicy|PROHIBITED_CONTENT",
        r"\bmoderation\b|\bmoderated\b|flagged|safety.?violation",
        r"usage (policy|policies|guidelines)",
        r"safety (system|filter|setting|reason)|blocked (by|due to|for)|block_?reason",
        r"inappropriate content|data_inspection_failed|content exists risk|considered high risk",
        r"unsafe content|sensitive (content|word)|invalid_prompt|敏感|不安全|违规|高风险",
    ),
    _rule(
        Fault.CREDIT,
        (400, 403, 429, None),
        r"insufficient.{0,10}(quota|balance|credit|fund)|credit balance|out of credits?\b",
        r"more credits|no credits|payment required|billing_hard_limit|billing hard limit|arrear",
        r"余额不足|欠费",
    ),
    _rule(
        Fault.REGION,
        (400, 403, 451, None),
        rf"{_PLACE}.{{0,60}}(not supported|unsupported|not available|restricted|not allowed)",
        rf"(not available|unavailable|not supported) (in|for) your {_PLACE}|unsupported_country",
    ),
    _rule(
        Fault.KEY,
        (400, 403, None),
        r"(invalid|incorrect|missing|expired|wrong|no)\W{1,3}api.?key",
        r"api.?key\W.{0,20}(invalid|not valid|incorrect|missing|expired|not found)",
        r"API_KEY_INVALID",
    ),
    _rule(
        Fault.TOO_LONG,
        (400, 413, 422, 429, 500, None),
        r"tokens?\W+\+\W+.?max_new_tokens|max_tokens\W+must be at least 1\b",
        r"request too large for\b",
    ),
    _rule(
        Fault.TOO_MANY_OUTPUT,
        (400, 422, None),
        rf"{_LIMIT}\W.{{0,60}}?{_AMOUNT}|(invalid|range of) {_LIMIT}",
        r"(at most|maximum|up to).{0,40}(completion|output) tokens",
    ),
    _rule(
        Fault.TOO_LONG,
        (400, 413, 422, 500, None),
        r"context.?(length|size|window|limit)|maximum (context|number of tokens|input|prompt)",
        r"too many (input |prompt )?tokens|string_above_max_length|\bn_ctx\b",
        r"(prompt|input|messages?|text|request|conversation)\b.{0,30}\btoo (long|many tokens)",
        r"exceeds?.{0,40}(tokens?\b|context|input length)|reduce (the|your) (length|prompt|input)",
        r"\btokens?\b.{0,60}\bexceeds?\b|input length.{0,40}(exceed|should be|range)",
        r"(输入|上下文|提示).{0,20}(过长|超)|超过.{0,20}(长度|上限)",
    ),
    _rule(
        Fault.TOO_LARGE,
        (400, 413, 422, None),
        r"(payload|entity|body|content|request)\b.{0,20}\btoo large|request_too_large",
    ),
    _rule(Fault.TEMPERATURE, (400, 422, None), r"['\"`]temperature['\"`]"),
    _rule(
        Fault.NOT_LOADED,
        (400, 404, 500, 503, None),
        r"no models? (is |are )?(currently )?loaded|model\b.{0,60}\bnot (been )?loaded",
        r"load a model|model\b.{0,60}(is|was) unloaded|failed to load (the )?model",
        r"loading (the )?model|model\b.{0,40}\b(is|still|currently) (being )?load(ing|ed)\b",
    ),
    _rule(
        Fault.DEPRECATED,
        (400, 404, 410, None),
        r"deprecat|decommission|\bretired\b|no longer (available|supported|offered)|end.of.life",
        r"\bsunset|discontinued",
    ),
    _rule(Fault.WRONG_PATH, (404,), r"<html|<!doctype"),
    _rule(
        Fault.NO_MODEL,
        (400, 404, 422, None),
        r"model_not_found|DeploymentNotFound|no endpoints found|(model|deployment|engine)\b.{0,120}"
        r"(not (exist|found|available|support)|not a valid|unknown|no access|access to it)",
        r"(no such|unknown|invalid|unsupported|unrecognized|there is no|not a valid)\W.{0,20}model",
    ),
    _rule(
        Fault.BUSY,
        (503, 529, None),
        r"overload|busy|capacity|rate.?limit|too many requests|try again later|quota",
    ),
)

_STATUSES = {
    401: Fault.KEY,
    402: Fault.CREDIT,
    403: Fault.FORBIDDEN,
    404: Fault.WRONG_PATH,
    405: Fault.WRONG_PATH,
    407: Fault.PROXY,
    408: Fault.LATE,
    410: Fault.DEPRECATED,
    413: Fault.TOO_LARGE,
    429: Fault.BUSY,
    504: Fault.LATE,
    524: Fault.LATE,
}

_MIDWAY = (
    (Fault.CONTENT, re.compile(r"content.?(filter|policy)|moderation|PROHIBITED", re.IGNORECASE)),
    (
        Fault.OVERLOADED_MIDWAY,
        re.compile(
            r"overload|busy|capacity|rate.?limit|too many requests|\b(429|529)\b", re.IGNORECASE
        ),
    ),
    (Fault.LATE_MIDWAY, re.compile(r"tim(ed?|ing).?.?out|\b(504|524)\b|deadline", re.IGNORECASE)),
    (
        Fault.PROVIDER_LOST,
        re.compile(r"provider|upstream|disconnect|connection|network|\b50[023]\b", re.IGNORECASE),
    ),
)

_PLAIN: tuple[tuple[type[Exception], Fault], ...] = (
    (ThreadDeleted, Fault.THREAD_DELETED),
    (QuestionRefused, Fault.QUESTION_REFUSED),
    (QuestionUnsaved, Fault.QUESTION_UNSAVED),
    (AnswerWithheld, Fault.WITHHELD),
    (EmptyAnswer, Fault.EMPTY),
    (NoChatAPI, Fault.NO_CHAT_API),
    (ServerBusy, Fault.BUSY_FOR),
)

# Of the connection's own errors: what is found first along their causes, the most telling first.
_TLS = re.compile(r"WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|HTTP_REQUEST", re.IGNORECASE)
_CERTIFICATE = re.compile(
    r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|self.signed", re.IGNORECASE
)
_HOST = re.compile(
    r"Name or service not known|nodename nor servname|getaddrinfo|No address associated"
    r"|name resolution|Name does not resolve|Domain name not found|DNS",
)
_NOBODY = re.compile(
    r"connection refused|Connect call failed|connection attempts failed|ECONNREFUSED", re.IGNORECASE
)

_IMAGES = re.compile(r"\bimages?\b|image_url|\bvision\b|multi-?modal|content type", re.IGNORECASE)
_BLIND = (400, 404, 413, 415, 422, 500, None)  # 500 is what llama.cpp says
# One image, and not images as such.
_ONE_IMAGE = re.compile(
    r"format\b|dimension|pixel|\bsize|too (large|big|small|many)|[km]b\b|\bbytes?\b|decod|corrupt"
    r"|download|webp|\bgif\b|svg|heic",
    re.IGNORECASE,
)
_BAD_IMAGE = re.compile(
    r"invalid|unsupported|unable|could not|cannot|can't|fail|not a valid|exceed|process|mime"
    r"|unreadable|truncated|empty",
    re.IGNORECASE,
)
_NO_IMAGES = re.compile(
    r"(not|n't|only|without|no)\b.{0,40}\b(support|allow|accept|capab|permitted|available|multi-?modal"
    r"|vision)|no endpoints found|text.only|mmproj|content type|unknown (part|variant)"
    r"|(expected|must be) a string|image input",
    re.IGNORECASE,
)


def fault_of(exc: BaseException) -> Fault:
    """Return what went wrong; `OTHER` for what is not known."""
    for kind, fault in _PLAIN:
        if isinstance(exc, kind):
            return fault
    if isinstance(exc, AnswerInterrupted):
        return _midway(exc)
    if isinstance(exc, openai.APIConnectionError):
        return _connection(exc)
    return _refusal(exc) if isinstance(exc, openai.APIError) else Fault.OTHER


AWAY = frozenset(
    {
        *(Fault.PROXY, Fault.CERTIFICATE, Fault.NO_TLS, Fault.UNKNOWN_HOST),
        *(Fault.NOBODY_LISTENS, Fault.LATE, Fault.UNREACHABLE),
    }
)
"""What is no answer of a server: it cannot be reached."""


def is_defect(exc: BaseException) -> bool:
    """Tell whether an error is one of the program, and not what a server, a file or a line did."""
    outside = (openai.OpenAIError, httpx2.HTTPError, OSError, DataLayerError)
    return fault_of(exc) is Fault.OTHER and not isinstance(exc, outside)


def image_fault(exc: BaseException) -> Fault | None:
    """Tell whether a server that was sent images refuses them: `IMAGES` as such, or `BAD_IMAGE`."""
    if not isinstance(exc, openai.APIError) or isinstance(exc, openai.APIConnectionError):
        return None
    words = words_of(exc)
    if _status(exc) not in _BLIND or not _IMAGES.search(words):
        return None
    if _ONE_IMAGE.search(words):
        return Fault.BAD_IMAGE
    is_bad = _BAD_IMAGE.search(words) and not _NO_IMAGES.search(words)
    return Fault.BAD_IMAGE if is_bad else Fault.IMAGES


def words_of(exc: BaseException) -> str:
    """Return what an error says, the body of a server's refusal included.

    What a client says of a line that was cut is no word of the server's.
    """
    if isinstance(exc, AnswerInterrupted) and isinstance(exc.__cause__, httpx2.RequestError):
        return ""
    if not isinstance(exc, openai.APIError):
        return str(exc)
    body = "" if exc.body is None else str(exc.body)
    return exc.message if body in exc.message else f"{exc.message} {body}"


def _midway(exc: AnswerInterrupted) -> Fault:
    if isinstance(exc.__cause__, TimeoutError):
        return Fault.LATE_MIDWAY
    said = words_of(exc)
    return next((fault for fault, words in _MIDWAY if words.search(said)), Fault.BROKE_OFF)


def _refusal(exc: openai.APIError) -> Fault:
    status, words = _status(exc), words_of(exc)
    for rule in _RULES:
        if status in rule.statuses and rule.words.search(words):
            return rule.fault
    if status in _STATUSES:
        return _STATUSES[status]
    if status is not None and 300 <= status < 400:
        return Fault.WRONG_PATH
    return Fault.REQUEST if status is not None and status < 500 else Fault.SERVER


def _connection(exc: BaseException) -> Fault:
    causes = list(causes_of(exc))
    names = " ".join(kind.__name__ for one in causes for kind in type(one).__mro__)
    words = " ".join(map(str, causes))
    if "Proxy" in names or re.search(r"\b407\b", words):
        return Fault.PROXY
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in causes) or (
        _CERTIFICATE.search(words) or "CertificateError" in names
    ):
        return Fault.CERTIFICATE
    if _TLS.search(words):
        return Fault.NO_TLS
    if "gaierror" in names or "DNSError" in names or _HOST.search(words):
        return Fault.UNKNOWN_HOST
    if "ConnectionRefusedError" in names or _NOBODY.search(words):
        return Fault.NOBODY_LISTENS
    return Fault.LATE if isinstance(exc, openai.APITimeoutError) else Fault.UNREACHABLE


def causes_of(exc: BaseException) -> Iterator[BaseException]:
    """Yield an error and what is behind it."""
    seen: set[int] = set()
    following: BaseException | None = exc
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _status(exc: openai.APIError) -> int | None:
    """Return the status of a reply; None for an error within a stream."""
    return exc.status_code if isinstance(exc, openai.APIStatusError) else None
