"""Where conversations are kept, and what is done while that is away."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from common.configuration.setting_types import FunctionName, scheme_of
from settings.data_folder import DataFolder


class DatabaseSettings(DataFolder):
    """The database and its journal."""

    database_url: SecretStr = SecretStr("")  # a password may be in it
    database_password_from: FunctionName = ""
    database_migrate: Literal["on", "off"] = "on"
    database_adopt: Literal["yes", "no"] = "no"
    database_search: Literal["all", "names"] = "all"
    journal_after_s: float = Field(default=1, ge=0.05)
    journal_max_mb: int = Field(default=1_000, ge=1)

    @model_validator(mode="after")
    def _adoption_at_the_start(self) -> Self:
        if self.database_adopt == "yes" and self.database_migrate == "off":
            message = (
                "DATABASE_ADOPT=yes adopts at the start, where DATABASE_MIGRATE=off changes "
                "nothing: remove one of them, or run 'python manage.py migrate --adopt'"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _search_by_name(self) -> Self:
        if self.database_search == "names" and scheme_of(self.database) != "dynamodb":
            message = (
                "DATABASE_SEARCH=names is for DynamoDB, and DATABASE_URL names another database: "
                "remove it, and all that was said is searched"
            )
            raise ValueError(message)
        return self

    @property
    def database(self) -> str:
        """The database's URL; by default a file in the data folder."""
        given = self.database_url.get_secret_value()
        return given or f"sqlite:///{self.data_path / 'keepchat.db'}"
