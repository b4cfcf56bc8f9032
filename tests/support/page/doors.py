"""All ways into the program, found from the program itself: routes, and events of the socket."""

import json
from dataclasses import dataclass
from typing import Any

from tests.support.page.application import Application

_ASK = """
import json
from chainlit.config import config
config.run.port = 0  # at the usual one somebody else may listen
import app
from chainlit.server import app as server, sio
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

def walk(routes):
    for route in routes:
        if hasattr(route, "path"):
            yield route
        else:
            yield from walk(route.original_router.routes)

routes = list(walk(server.routes))
names = {f"{m} {r.path}" for r in routes for m in getattr(r, "methods", None) or ["MOUNT"]}
described = [route for route in routes if isinstance(route, APIRoute)]
for route in described:
    route.include_in_schema = True
description = get_openapi(title="All", version="1", routes=described)
print(json.dumps([sorted(names), sorted(sio.handlers["/"]), description]))
"""


@dataclass(frozen=True, slots=True)
class Doors:
    """Routes as `METHOD /path`, names of events, and what OpenAPI has to say of the routes."""

    routes: frozenset[str]
    events: frozenset[str]
    description: dict[str, Any]


async def doors_of(application: Application) -> Doors:
    """Return what a program with these settings listens to."""
    printed = await application.python("-c", _ASK)
    routes, events, description = json.loads(printed.splitlines()[-1])
    return Doors(frozenset(routes), frozenset(events), description)
