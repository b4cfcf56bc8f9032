"""The settings: the only place that reads the environment.

A variable of the environment beats the same one in `.env`, which beats the default. A wrong value
stops the program at start with one line that names the variable. `.env.example` lists every
variable of `Settings`.
"""

import os
import secrets
import sys
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent

OLLAMA = "http://localhost:11434"
AZURE_VERSION = "2024-10-21"
DEFAULT_PROMPT = "You are a helpful assistant. Answer in the language of the question."


def _scheme_in(*known: str) -> AfterValidator:
    def check(url: str) -> str:
        scheme = urlsplit(url).scheme
        if url and scheme not in known:
            message = f"the address has to begin with {' or '.join(f'{name}:' for name in known)}"
            raise ValueError(message)
        return url

    return AfterValidator(check)


def _list(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _off(value: object) -> object:
    return "" if value == "off" else value


HttpUrl = Annotated[str, _scheme_in("http", "https")]


class Settings(BaseSettings):
    """Everything that can be set, as read at start."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    data_dir: Path = Path("data")
    database_url: Annotated[str, _scheme_in("sqlite")] = ""
    database_migrate: Literal["on", "off"] = "on"
    storage_url: Annotated[str, _scheme_in("file")] = ""

    openai_api_key: SecretStr | None = None
    openai_base_url: HttpUrl | None = None
    openai_model: str | None = None
    openai_models: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)] = ()
    azure_openai_endpoint: HttpUrl | None = None
    azure_openai_api_key: SecretStr | None = None
    azure_openai_api_version: str = AZURE_VERSION
    ollama_url: Annotated[str, BeforeValidator(_off), _scheme_in("http", "https")] = OLLAMA

    system_prompt: str = DEFAULT_PROMPT
    model_context_tokens: int = Field(default=16_000, ge=256)
    model_answer_tokens: int = Field(default=4_000, ge=16)
    model_temperature: float | None = Field(default=None, ge=0, le=2)
    model_timeout_s: float = Field(default=60, gt=0)
    thread_titles: Literal["on", "off"] = "on"

    auth_mode: Literal["local", "password"] = "local"
    users_file: Path | None = None
    chainlit_auth_secret: SecretStr | None = None
    thread_sharing: Literal["on", "off"] = "off"

    @model_validator(mode="after")
    def _room_for_a_question(self) -> "Settings":
        if self.model_answer_tokens >= self.model_context_tokens:
            message = "MODEL_ANSWER_TOKENS has to be smaller than MODEL_CONTEXT_TOKENS"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _one_service(self) -> "Settings":
        if self.azure_openai_endpoint and self.openai_base_url:
            message = "AZURE_OPENAI_ENDPOINT and OPENAI_BASE_URL name two services: set one of them"
            raise ValueError(message)
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models, OPENAI_MODEL first; empty where none is named."""
        named = (self.openai_model, *self.openai_models)
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def data_path(self) -> Path:
        """The data folder, absolute."""
        return ROOT / self.data_dir

    @property
    def sqlite_path(self) -> Path:
        """The database file, absolute."""
        given = self.database_url.removeprefix("sqlite:///")
        return ROOT / given if given else self.data_path / "keepchat.db"

    @property
    def users_path(self) -> Path:
        """The file with the accounts of AUTH_MODE=password, absolute."""
        return ROOT / self.users_file if self.users_file else self.data_path / "users.json"

    @property
    def storage(self) -> str:
        """The storage's URL; by default a folder in the data folder."""
        return self.storage_url or f"file:{quote(str(self.data_path / 'files'))}"


def load() -> Settings:
    """Return the settings; stops the program with one line when a value is wrong."""
    try:
        return Settings()
    except ValidationError as exc:
        sys.exit("\n".join(_sentence(error) for error in exc.errors()))


def _sentence(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"]).upper()
    what = error["msg"].removeprefix("Value error, ")
    given = "" if _is_secret(name) else f" (it is {error['input']!r})"
    return f"{name}: {what}{given}. See .env.example." if name else f"{what}. See .env.example."


def _is_secret(name: str) -> bool:
    return not name or any(word in name for word in ("URL", "KEY", "SECRET", "TOKEN", "PASSWORD"))


def prepare_data_dir(settings: Settings) -> None:
    """Make the data folder, readable by its owner only; stops the program when it cannot be."""
    try:
        settings.data_path.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        sys.exit(f"DATA_DIR: {settings.data_path} cannot be made ({exc.strerror}). Name another.")


def export_auth_secret(settings: Settings) -> None:
    """Put the secret that signs logins where Chainlit looks for it, made on the first start."""
    given = settings.chainlit_auth_secret
    secret = given.get_secret_value() if given else _kept_secret(settings.data_path / "auth_secret")
    os.environ["CHAINLIT_AUTH_SECRET"] = secret


def _kept_secret(path: Path) -> str:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text().strip()
