"""Our routes, before Chainlit's own: its last one answers every path."""

from pathlib import Path

from chainlit import server
from chainlit.server import app
from fastapi import APIRouter

from access.guard.user_limits import LimitReached
from access.login.guessing.throttle import TooManyAttempts
from chat.wording.logins import YOU
from chat.wording.notice import notice_about
from datalayer.errors import StoreUnavailable, WriterClosed
from patches.http.guarded_routes import as_if_missing, closed_router, guarded_router
from patches.originals import replace
from patches.patch import Parts
from routes.account import account_router
from routes.answers import answers_router
from routes.bundle import bundle_router
from routes.continuing import continuing_router
from routes.export.route import export_router
from routes.files.route import files_router
from routes.files.session_files import session_files_router
from routes.files.uploads import uploads_router
from routes.health.health import health_router
from routes.health.metrics import metrics_router
from routes.limits import limit_reached, too_many_attempts
from routes.login import login_router
from routes.notice import notice_router
from routes.preferences import preferences_router
from routes.search import search_router
from routes.sharing import sharing_router
from routes.sidebar import sidebar_router
from routes.temporary import temporary_router
from routes.unavailable import unavailable
from storage.errors import StorageUnavailable


def place_uploads(parts: Parts) -> None:
    """Take files."""
    place(
        uploads_router(
            parts.limits, parts.waiting_files, parts.session_files, parts.temporary, parts.prefix
        )
    )


def place_temporary(parts: Parts) -> None:
    """Let a page say that nothing of its conversation is to be stored."""
    place(temporary_router(parts.temporary, parts.live, parts.prefix))


def place_session_files(parts: Parts) -> None:
    """Send the files of a session."""
    place(session_files_router(parts.prefix))


def place_guarded(parts: Parts) -> None:
    """Stand before the routes that change something."""
    place(guarded_router(parts.layer, parts.user_limits, parts.prefix))


def hide_foreign_threads(parts: Parts) -> None:
    """Answer for a foreign thread as for one that is not there."""
    replace(server, "is_thread_author", lambda _original: as_if_missing(parts.layer))


def place_login(parts: Parts) -> None:
    """Sign people in and out."""
    place(login_router(parts.login, parts.prefix))
    place(account_router(parts.login, parts.prefix))
    place(parts.login.router(parts.prefix))


def place_closed(_parts: Parts) -> None:
    """Tell nobody which routes there are."""
    place(closed_router())


def place_sharing(parts: Parts) -> None:
    """Stand in for the routes that share, and add what copies what is shared."""
    place(
        sharing_router(
            parts.layer.reads,
            parts.layer,
            parts.prefix,
            sharing=parts.sharing,
            growing=parts.live.growing,
        )
    )
    place(continuing_router(parts.store, parts.layer, parts.prefix, sharing=parts.sharing))


def place_answers(parts: Parts) -> None:
    """Add what says how answers ended, and has them done again."""
    place(
        answers_router(
            parts.layer.reads,
            parts.layer,
            parts.live,
            parts.actions,
            lambda: app.state.keepchat[1].turns,
            parts.prefix,
            sharing=parts.sharing,
        )
    )


def place_preferences(parts: Parts) -> None:
    """Add what keeps what somebody always wants."""
    place(preferences_router(parts.layer, lambda: app.state.keepchat[1].options, parts.prefix))


def place_search(parts: Parts) -> None:
    """Add what finds conversations."""
    place(search_router(parts.layer, parts.user_limits, parts.prefix))


def place_sidebar(parts: Parts) -> None:
    """Add what orders conversations."""
    place(sidebar_router(parts.layer, parts.prefix))


def place_export(parts: Parts) -> None:
    """Add what saves a conversation."""
    place(
        export_router(
            parts.layer.reads,
            parts.layer,
            parts.prefix,
            sharing=parts.sharing,
            growing=parts.live.growing,
            author=YOU if parts.login.is_personal else None,
        )
    )


def place_files(parts: Parts) -> None:
    """Add what sends files."""
    place(
        files_router(
            parts.layer.reads, parts.storage, parts.prefix, sharing=parts.sharing, links=parts.links
        )
    )


def place_notice(parts: Parts) -> None:
    """Add what tells the page its standing line."""
    place(notice_router(notice_about(parts.models), parts.prefix))


def place_bundle(parts: Parts) -> None:
    """Send the page's script with what is changed in it."""
    place(bundle_router(Path(server.build_dir) / "assets", parts.prefix))


def place_health(parts: Parts) -> None:
    """Answer whoever watches over the program."""
    place(health_router(parts.readiness, parts.prefix))
    place(metrics_router(parts.metrics_readers, parts.meters, parts.prefix))


def answer_unavailable(_parts: Parts) -> None:
    """Answer 503 where the database, or the storage of files, would have to answer."""
    app.add_exception_handler(StoreUnavailable, unavailable)
    app.add_exception_handler(WriterClosed, unavailable)
    app.add_exception_handler(StorageUnavailable, unavailable)


def answer_limits(_parts: Parts) -> None:
    """Answer with a sentence where a user would have too much."""
    app.add_exception_handler(LimitReached, limit_reached)
    app.add_exception_handler(TooManyAttempts, too_many_attempts)


def place(router: APIRouter) -> None:
    """Let routes be asked before Chainlit's own."""
    app.router.routes[:0] = router.routes
