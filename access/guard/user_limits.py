"""What one user may use up: one table of names, defaults and sentences, and who looks at it.

Where one person uses the program, on their own computer, there are no such limits.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from cachetools import TTLCache

from chat.wording.language import Localized
from chat.wording.unavailable import STOPPING

logger = logging.getLogger("keepchat")

KILOBYTE = 1_000
MEGABYTE = 1_000_000  # as the page counts
_REMEMBERED_S = 60.0  # so long after its last event a user's bucket is full in any case
_MAX_USERS = 10_000


@dataclass(frozen=True, slots=True)
class UserLimit:
    """How much of something one user may have; the sentences say it, with `{most}`."""

    default: int
    sentence: Localized[str]
    status: int = 429
    """What a request is answered with that goes beyond it."""


LIMITS: Mapping[str, UserLimit] = {
    "answers": UserLimit(
        5,
        Localized(
            en="Only {most} answers can be on their way at once. Wait for one, or stop it.",
            zh="最多只能同时生成 {most} 个回答。请等待其中一个完成，或将其停止。",
        ),
    ),
    "files": UserLimit(
        200,
        Localized(
            en="Only {most} files can wait for their message. Send it, or reload the page.",
            zh="最多只能有 {most} 个文件等待随消息发送。请发送消息，或重新加载页面。",
        ),
    ),
    "files_mb": UserLimit(
        1_000,
        Localized(
            en="The files that wait for their message, and those of open pages, may have {most} MB "
            "in all. Close a page.",
            zh="等待发送的文件和已打开页面中的文件总共最多 {most} MB。请关闭一个页面。",
        ),
        413,
    ),
    "temporary_mb": UserLimit(
        200,
        Localized(
            en="Temporary chats may hold {most} MB in all, since they are in the server's memory. "
            "Begin a new conversation.",
            zh="临时对话存放在服务器内存中，总共最多 {most} MB。请开始新对话。",
        ),
        413,
    ),
    "copies": UserLimit(
        2,
        Localized(
            en="Only {most} copies of conversations can be made at once. Wait for one.",
            zh="最多只能同时复制 {most} 个对话。请等待其中一个完成。",
        ),
    ),
    "copies_mb": UserLimit(
        1_000,
        Localized(
            en="The files of what is copied may have {most} MB in all. Begin at an earlier answer.",
            zh="要复制的文件总共最多 {most} MB。请从较早的回答开始。",
        ),
        413,
    ),
    "searches": UserLimit(
        4,
        Localized(
            en="Only {most} searches can be on their way at once. Wait for one.",
            zh="最多只能同时进行 {most} 次搜索。请等待其中一次完成。",
        ),
    ),
    "sessions": UserLimit(
        40,
        Localized(
            en="Only {most} pages can be open at once. Close one.",
            zh="最多只能同时打开 {most} 个页面。请关闭一个。",
        ),
    ),
    "env_kb": UserLimit(
        16,
        Localized(
            en="What a page is told of its environment may have {most} kB.",
            zh="页面的环境信息最多 {most} kB。",
        ),
        413,
    ),
    "settings_kb": UserLimit(
        64,
        Localized(
            en="The settings of a conversation may have {most} kB. Shorten the instructions.",
            zh="对话设置最多 {most} kB。请缩短指令。",
        ),
        413,
    ),
    "comment_kb": UserLimit(
        16,
        Localized(
            en="A comment may have {most} kB. Shorten it.",
            zh="评论最多 {most} kB。请缩短。",
        ),
        413,
    ),
    "name_kb": UserLimit(
        4,
        Localized(
            en="A name may have {most} kB. Shorten it.",
            zh="名称最多 {most} kB。请缩短。",
        ),
        413,
    ),
    "element_kb": UserLimit(
        256,
        Localized(
            en="What a page changes of an element may have {most} kB.",
            zh="页面对元素的更改最多 {most} kB。",
        ),
        413,
    ),
    "events": UserLimit(
        40,
        Localized(
            en="That was too much at once. Wait a moment, and try again.",
            zh="操作过于频繁。请稍候再试。",
        ),
    ),
}


class LimitReached(Exception):
    """A user would have more than they may; `sentence` is for them, where it is news."""

    def __init__(self, name: str, most: int, *, is_news: bool = True) -> None:
        limit = LIMITS[name]
        self.sentence = limit.sentence.filled(most=most)
        self.status = limit.status
        self.is_news = is_news
        super().__init__(str(self.sentence))


class Stopping(LimitReached):
    """The program is being stopped: nobody may have another answer."""

    def __init__(self) -> None:
        Exception.__init__(self, str(STOPPING))
        self.sentence = STOPPING
        self.status = 503
        self.is_news = True


class UserLimits:
    """Judges whether a user may have more; each refusal is a line of the log.

    `most` has the limits that are set; without any there are none.
    """

    def __init__(
        self, most: Mapping[str, int] | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._clock = clock
        self._running: Counter[tuple[str, str]] = Counter()
        self._buckets: TTLCache[str, TokenBucket] = TTLCache(_MAX_USERS, _REMEMBERED_S, clock)
        self._told: TTLCache[tuple[str, str], bool] = TTLCache(_MAX_USERS, 1.0, clock)

    def check(self, name: str, wanted: float, user: str, *, quietly: bool = False) -> None:
        """Raise `LimitReached` where a user would have more than the limit of a name.

        `quietly` is for who may find a way out: it is no news then.
        """
        if self._most is not None and wanted > self._most[name]:
            if quietly:
                raise LimitReached(name, self._most[name], is_news=False)
            self._refuse(name, self._most[name], user)

    def check_bytes(self, name: str, text: str | None, user: str) -> None:
        """The same for the bytes of a text, where the limit is in kB."""
        self.check(name, len((text or "").encode(errors="replace")) / KILOBYTE, user)

    @contextmanager
    def admit(self, name: str, user: str) -> Iterator[None]:
        """Count one more of what a user has at once, until the block ends.

        Raises `LimitReached` where there are too many.
        """
        key = name, user
        self.check(name, self._running[key] + 1, user)
        self._running[key] += 1
        try:
            yield
        finally:
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]

    def take_event(self, user: str) -> None:
        """Count an event. Raises `LimitReached` where a user has sent too many of late."""
        if self._most is None:
            return
        rate = self._most["events"]
        bucket = self._buckets.get(user) or TokenBucket(rate, self._clock())
        self._buckets[user] = bucket
        if not bucket.take(self._clock()):
            self._refuse("events", rate, user)

    def is_news(self, what: str, user: str) -> bool:
        """Tell whether it was not said of a user within a second: a flood must not fill the log."""
        if (what, user) in self._told:
            return False
        self._told[what, user] = True
        return True

    def _refuse(self, name: str, most: int, user: str) -> None:
        reached = LimitReached(name, most, is_news=self.is_news(name, user))
        if reached.is_news:
            logger.warning("%r has reached a limit: %s", user, reached)
        raise reached


class TokenBucket:
    """Lets through so many a second, and twice as many at once after a rest."""

    def __init__(self, rate: int, now: float) -> None:
        self._rate = rate
        self._left = self._full = 2.0 * rate
        self._at = now

    def take(self, now: float) -> bool:
        """Take one; False where none is left."""
        self._left = min(self._full, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
