"""Everything that can be set, as one."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.configuration.endpoints import without_quotes
from settings.data_folder import ROOT
from settings.database import DatabaseSettings
from settings.limits import LimitSettings
from settings.login import LoginSettings
from settings.models import ModelSettings
from settings.server import ServerSettings
from settings.storage import StorageSettings

_PAIRS = (
    ("chainlit_ssl_cert", "chainlit_ssl_key"),
    ("aws_access_key_id", "aws_secret_access_key"),
    ("app_aws_access_key", "app_aws_secret_key"),
)


# The fields are in the order of `.env.example`: those of the last base come first.
class Settings(
    LoginSettings,
    ServerSettings,
    LimitSettings,
    ModelSettings,
    StorageSettings,
    DatabaseSettings,
    BaseSettings,
):
    """Everything that can be set, as read at start."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env",
        env_file_encoding="utf-8-sig",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _without_quotes(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            name: without_quotes(value) if isinstance(value, str) else value
            for name, value in given.items()
        }

    @model_validator(mode="after")
    def _whole_pairs(self) -> Self:
        for key, secret in _PAIRS:
            given = [name for name in (key, secret) if self._plain(name)]
            if len(given) == 1:
                [other] = {key, secret} - set(given)
                message = f"{given[0].upper()} is given without {other.upper()}: set both or none"
                raise ValueError(message)
        return self
