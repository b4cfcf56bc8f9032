"""The server's own protocols, which are chosen before there is a request."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.protocols.http import auto
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from access.guard.requests import RequestLimits
from patches.http.connections import LONGEST_MESSAGE, watch_waiting
from patches.patch import Parts
from routes.middleware.connections import WaitingConnections


async def test_the_protocol_is_one_whatever_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = cast(Parts, SimpleNamespace(requests=RequestLimits()))
    monkeypatch.setattr(auto, "AutoHTTPProtocol", object)  # as with another package
    made: list[Any] = []

    def noting(make: Any) -> Any:
        return lambda *args, **kwargs: made.append(make(*args, **kwargs))

    monkeypatch.setattr(WaitingConnections, "watching", lambda _self, make: noting(make))
    watch_waiting(parts)
    config = uvicorn.Config("nothing:app", http="auto", interface="asgi3")
    config.http_protocol_class = auto.AutoHTTPProtocol
    config.loaded, config.loaded_app, config.ws_protocol_class = True, None, None
    make: Any = auto.AutoHTTPProtocol
    make(config=config, server_state=ServerState(), app_state={})
    assert [type(one) for one in made] == [H11Protocol]
    assert config.ws_max_size == LONGEST_MESSAGE
