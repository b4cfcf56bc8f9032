"""All ways into the program, found from the program itself: routes, and events of the socket."""

import json
from dataclasses import dataclass

from tests.support.page.application import Application

_ASK = """
import json
import app
from chainlit.server import app as server, sio

def walk(routes):
    for route in routes:
        if hasattr(route, "path"):
            for method in sorted(getattr(route, "methods", None) or ["MOUNT"]):
                yield f"{method} {route.path}"
        else:
            yield from walk(route.original_router.routes)

print(json.dumps([sorted(set(walk(server.routes))), sorted(sio.handlers["/"])]))
"""


@dataclass(frozen=True, slots=True)
class Doors:
    """Routes as `METHOD /path`, and names of events."""

    routes: frozenset[str]
    events: frozenset[str]


async def doors_of(application: Application) -> Doors:
    """Return what a program with these settings listens to."""
    printed = await application.python("-c", _ASK)
    routes, events = json.loads(printed.splitlines()[-1])
    return Doors(frozenset(routes), frozenset(events))
