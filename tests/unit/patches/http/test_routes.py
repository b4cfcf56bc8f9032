"""Which of Chainlit's routes ours go before."""

from pathlib import Path
from typing import Any

from chainlit.server import router

from access.guard.limits import UploadLimits, WaitingFiles
from access.guard.session_files import SessionFiles
from access.guard.user_limits import UserLimits
from access.login.modes.password import PasswordLogin
from patches.http.guarded_routes import guarded_router
from routes.continuing import continuing_router
from routes.export.route import export_router
from routes.files.route import files_router
from routes.files.session_files import session_files_router
from routes.files.uploads import uploads_router
from routes.login import login_router
from routes.sharing import sharing_router
from tests.support.logins import sessions_of
from tests.unit.patches.symbol_checker import paths
from tests.unit.patches.symbol_table import ROUTES

NOTHING: Any = None


def test_ours_go_before_those_that_are_written_down_and_no_others(tmp_path: Path) -> None:
    limits = UploadLimits(files=1, megabytes=1, types=("*/*",), characters=1_000)
    before = (
        guarded_router(NOTHING, UserLimits(None), ""),
        sharing_router(NOTHING, NOTHING, "", sharing=True),
        uploads_router(
            limits, WaitingFiles(limits, UserLimits(None)), SessionFiles(tmp_path), NOTHING, ""
        ),
        session_files_router(""),
        login_router(NOTHING, ""),
        PasswordLogin(sessions_of("password"), NOTHING).router(""),
    )
    assert set().union(*map(paths, before)) == set(ROUTES)
    beside = (
        files_router(NOTHING, NOTHING, ""),
        export_router(NOTHING, NOTHING, "", sharing=True),
        continuing_router(NOTHING, NOTHING, "", sharing=True),
    )
    assert not set().union(*map(paths, beside)) & paths(router)
