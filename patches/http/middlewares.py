"""What requests meet before Chainlit's own routes do."""

from typing import cast

from chainlit.server import app
from fastapi.exceptions import RequestValidationError
from starlette.middleware.cors import CORSMiddleware

from access.login.door import Door
from patches.patch import Parts
from routes.middleware.answer_after_body import AnswerAfterBody
from routes.middleware.deadline import Deadline
from routes.middleware.headers import SecurityHeaders
from routes.middleware.malformed import WellFormed, invalid
from routes.middleware.old_links import OldLinks
from routes.middleware.origins import OriginCheck
from routes.middleware.reader import Reader
from routes.middleware.request_bodies import RequestBodies


def add_well_formed(parts: Parts) -> None:
    """Refuse what is malformed in a form of ours, and what fails too."""
    app.add_middleware(WellFormed, prefix=parts.prefix, recorder=parts.meters)
    app.add_exception_handler(RequestValidationError, invalid)


def add_request_bodies(parts: Parts) -> None:
    """Count the bytes of requests, and their time."""
    app.add_middleware(
        RequestBodies, requests=parts.requests, uploads=parts.limits, prefix=parts.prefix
    )


def add_deadline(parts: Parts) -> None:
    """Limit the time until an answer begins."""
    app.add_middleware(
        Deadline, seconds=parts.requests.answer_s, socket_path=f"{parts.prefix}/ws/socket.io"
    )


def add_origins(parts: Parts) -> None:
    """Ask from which site it comes."""
    app.add_middleware(OriginCheck, origins=parts.origins, prefix=parts.prefix)


def answer_allowed_origins(parts: Parts) -> None:
    """Let the pages that may send requests read the answers, and no others."""
    for middleware in app.user_middleware:
        if cast(object, middleware.cls) is CORSMiddleware:
            middleware.kwargs["allow_origins"] = list(parts.origins.named)


def add_login(parts: Parts) -> None:
    """Ask who it is."""
    app.add_middleware(Door, mode=parts.login, prefix=parts.prefix)


def add_headers(parts: Parts) -> None:
    """Add the headers that every answer has."""
    app.add_middleware(
        SecurityHeaders,
        origins=parts.origins,
        prefix=parts.prefix,
        origin=parts.links.origin if parts.links else None,
        hsts_s=parts.hsts_s,
    )


def add_answer_after_body(_parts: Parts) -> None:
    """Let small bodies come before their answers go."""
    app.add_middleware(AnswerAfterBody)


def add_reader(_parts: Parts) -> None:
    """Remember which language is asked for."""
    app.add_middleware(Reader)


def add_old_links(parts: Parts) -> None:
    """Lead old links to new ones."""
    app.add_middleware(OldLinks, prefix=parts.prefix)
