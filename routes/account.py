"""The routes by which a person sees and ends their own sessions, and changes their password."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, StringConstraints

from access.login import cookies
from access.login.accounts.passwords import PoorPassword
from access.login.base import LoginMode, Visit
from access.login.door import visit_of
from access.login.sessions import Refused
from access.login.tokens import Login
from chat.wording.language import Localized
from chat.wording.logins import YOU
from chat.wording.refusals import NO_PASSWORDS, NO_SESSION, SIGN_IN

PATH = "/keepchat/account"
MOST_SHOWN = 100  # sessions, the newest; all that there are can be ended
WRONG = Localized(en="This is not the password that you have now.", zh="当前密码不正确。")

Password = Annotated[str, StringConstraints(max_length=2_000)]


class NewPassword(BaseModel):
    """The password that somebody has, and the one that they want."""

    current: Password
    new: Password


def account_router(mode: LoginMode, prefix: str) -> APIRouter:
    """Return the routes; each is about whoever asks, and nobody else."""
    router = APIRouter(prefix=prefix + PATH, include_in_schema=False)

    @router.get("")
    async def get_account(request: Request) -> dict[str, Any]:
        login = _login_of(visit_of(request))
        found = await mode.sessions.of(login.identifier)
        sessions = [
            {
                "id": one.id,
                "began": one.created_at,
                "client": one.client,
                "address": one.address,
                "isThis": one.id == login.session_id,
            }
            for one in found[:MOST_SHOWN]
        ]
        name = YOU.of_request() if mode.is_personal else login.display_name or login.identifier
        return {"name": name, "password": mode.has_passwords, "sessions": sessions}

    @router.delete("/sessions")
    async def end_others(request: Request) -> dict[str, Any]:
        visit = visit_of(request)
        login = _login_of(visit)
        ids = [one.id for one in await mode.sessions.of(login.identifier)]
        return {"ended": len(await _end(mode, visit, [it for it in ids if it != login.session_id]))}

    @router.delete("/sessions/{session_id}")
    async def end_one(request: Request, session_id: str) -> JSONResponse:
        visit = visit_of(request)
        if not await _end(mode, visit, [session_id]):
            raise HTTPException(404, NO_SESSION.of_request())
        answer = JSONResponse({"ended": 1})
        if session_id == _login_of(visit).session_id:
            cookies.sign_out(answer, visit.credentials.names)
        return answer

    @router.put("/password")
    async def put_password(request: Request, given: NewPassword) -> dict[str, Any]:
        visit = visit_of(request)
        login = _login_of(visit)
        if not mode.has_passwords:
            raise HTTPException(404, NO_PASSWORDS.of_request())
        try:
            await mode.change_password(login, given.current, given.new, address=visit.address)
        except Refused as exc:
            raise HTTPException(403, WRONG.of_request()) from exc
        except PoorPassword as exc:
            raise HTTPException(422, exc.sentence.of_request()) from exc
        return {"success": True}

    return router


async def _end(mode: LoginMode, visit: Visit, ids: list[str]) -> list[str]:
    login = _login_of(visit)
    return await mode.sessions.end(login.identifier, ids, why="own choice", address=visit.address)


def _login_of(visit: Visit) -> Login:
    if visit.login is None:
        raise HTTPException(401, SIGN_IN.of_request())
    return visit.login
