"""How many bytes and how much time a request may take before anybody has looked at it."""

from dataclasses import dataclass

from access.guard.user_limits import MEGABYTE
from chat.wording.language import Localized
from chat.wording.refusals import REQUEST_TOO_LARGE, REQUEST_TOO_SLOW

SLOWEST = 20_000  # bytes a second: whoever sends this fast is given as long as the bytes take


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What a request may have: megabytes of a body that is no upload, and seconds in which its
    head, and then its body, has to be there; and how many connections may wait for theirs. Its
    answer has to begin within `answer_s` seconds.
    """

    megabytes: int = 4
    timeout_s: float = 20.0
    waiting: int = 256
    answer_s: float = 10.0

    @property
    def body(self) -> int:
        """How many bytes a body may have."""
        return self.megabytes * MEGABYTE

    @property
    def too_large(self) -> Localized[str]:
        """The sentence about a body that is too large."""
        return REQUEST_TOO_LARGE.filled(most=self.megabytes)

    @property
    def too_slow(self) -> Localized[str]:
        """The sentence about one that does not arrive."""
        return REQUEST_TOO_SLOW.filled(seconds=f"{self.timeout_s:g}")

    def seconds(self, received: int) -> float:
        """Return how long what has so many bytes by now may take in all."""
        return self.timeout_s + received / SLOWEST
