"""The cookie of a browser that has signed in before, under a name: it proves that alone."""

import hashlib
import uuid
from collections.abc import Sequence

import jwt
from starlette.responses import Response

from access.login.credentials import Credentials

LASTS_S = 400 * 24 * 3_600  # as long as browsers keep any
_ALGORITHM = "HS256"


class Devices:
    """Makes and reads the cookies; `keys` sign them, the present one first."""

    def __init__(self, keys: Sequence[bytes], path: str) -> None:
        self._keys = keys
        self._path = path

    def known(self, name: str, credentials: Credentials) -> str:
        """Return the browser's id if it has signed in as this name; else nothing. Raises
        `Ambiguous`.
        """
        given = credentials.cookie(_cookie(name))
        for key in self._keys if given else ():
            try:
                claims = jwt.decode(given or "", key, algorithms=[_ALGORITHM])
            except jwt.InvalidTokenError:
                continue
            if claims.get("name") == name:
                return str(claims.get("id"))
        return ""

    def remember(self, name: str, device: str, answer: Response) -> None:
        """Let an answer say so to the browser that has signed in; a known one keeps its id."""
        claims = {"name": name, "id": device or str(uuid.uuid4())}
        answer.set_cookie(
            _cookie(name),
            jwt.encode(claims, self._keys[0], algorithm=_ALGORITHM),
            max_age=LASTS_S,
            path=self._path,
            httponly=True,
            samesite="lax",
        )


def _cookie(name: str) -> str:
    return f"keepchat_device_{hashlib.sha256(name.encode()).hexdigest()[:16]}"
