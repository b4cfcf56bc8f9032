"""The login mode as the settings name it."""

from access.login import factory
from access.login.base import LoginMode
from access.login.factory import LoginOptions
from settings import Settings


def open_login(settings: Settings) -> LoginMode:
    """Return the way in that the settings name."""
    return factory.open_login(settings.auth_mode, LoginOptions(users_file=settings.users_path))
