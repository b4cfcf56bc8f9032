"""What the settings say of requests: how large, how slow, from where, and how many."""

from access.guard.origins import Origins
from access.guard.requests import RequestLimits
from access.guard.user_limits import LIMITS, UserLimits
from settings import Settings


def request_limits(settings: Settings) -> RequestLimits:
    """Return what a request may have."""
    return RequestLimits(
        megabytes=settings.request_max_mb,
        timeout_s=settings.request_timeout_s,
        waiting=settings.request_max_waiting,
        answer_s=settings.response_timeout_s,
    )


def origins(settings: Settings) -> Origins:
    """Return from where requests may come."""
    return Origins(settings.allowed_origins)


def user_limits(settings: Settings, *, are_many: bool) -> UserLimits:
    """Return what each user may have: a single one has no limits."""
    most = {name: getattr(settings, f"user_max_{name}") for name in LIMITS}
    return UserLimits(most if are_many else None)
