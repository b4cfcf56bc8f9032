"""Which answers are on their way, of which page: counted for each user, and ended by Stop."""

import asyncio
from collections import defaultdict
from functools import partial
from typing import Any

from chainlit.session import WebsocketSession

from access.guard.pages import user_of
from access.guard.user_limits import Stopping, UserLimits
from common.processes.ending import Ending

Task = asyncio.Task[Any]


class RunningAnswers:
    """The tasks that answer, each with the page that it was asked in."""

    def __init__(self, limits: UserLimits, ending: Ending | None = None) -> None:
        self._limits = limits
        self._ending = ending or Ending()
        self._pages: defaultdict[str, dict[Task, WebsocketSession]] = defaultdict(dict)  # by user

    def begin(self, session: WebsocketSession, task: Task) -> None:
        """Count one more.

        Raises `LimitReached` where its user has too many, `Stopping` where the program ends.
        """
        if self._ending.is_begun:
            raise Stopping
        user = user_of(session)
        self._limits.check("answers", self.number(user) + 1, user)
        self.go_on(session, task)

    def go_on(self, session: WebsocketSession, task: Task) -> None:
        """Count what goes on with an answer that has begun."""
        user = user_of(session)
        self._pages[user][task] = session
        task.add_done_callback(partial(self._ended, user))

    def _ended(self, user: str, task: Task) -> None:
        self._pages[user].pop(task, None)
        if not self._pages[user]:
            del self._pages[user]

    def number(self, user: str) -> int:
        """Return how many of a user's are on their way."""
        return sum(not task.done() for task in self._pages.get(user, ()))

    def of(self, session: WebsocketSession) -> list[Task]:
        """Return those of the thread that a page shows, wherever they were asked for."""
        return [
            task
            for task, page in self._pages.get(user_of(session), {}).items()
            if page.thread_id == session.thread_id and not task.done()
        ]
