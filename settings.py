"""The settings: the only place that reads the environment, once `.env` was looked at.

A variable of the environment beats the same one in `.env`, which beats the default. A wrong value
stops the program at start with one line that names the variable. `.env.example` lists every
variable of `Settings`.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Literal
from urllib.parse import quote

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from common import env_file
from common.kept_secret import kept_secret
from common.misspelt import most_alike, nearest
from common.setting_types import (
    Address,
    ApiKey,
    AuthSecret,
    AuthSecrets,
    Claim,
    Domains,
    Emails,
    FileTypes,
    FunctionName,
    HeaderName,
    HttpUrl,
    Issuer,
    Label,
    MetricsToken,
    Names,
    Networks,
    OpenAIUrl,
    OptionalHttpUrl,
    Origins,
    ProxySecret,
    PublicAddress,
    RootPath,
    netloc_of,
    scheme_of,
)

ROOT = Path(__file__).resolve().parent

OLLAMA = "http://localhost:11434"
AZURE_VERSION = "2024-10-21"
DEFAULT_PROMPT = "You are a helpful assistant. Answer in the language of the question."


# What the storages are told, each with the variables that say it; of those in one group the first
# one given counts, as in the SDKs, and Chainlit's own, the last, must say the same.
_CREDENTIALS: dict[str, tuple[tuple[str, ...], str | None]] = {
    "aws_access_key_id": (("aws_access_key_id",), "app_aws_access_key"),
    "aws_secret_access_key": (("aws_secret_access_key",), "app_aws_secret_key"),
    "aws_session_token": (("aws_session_token",), None),
    "aws_region": (("app_aws_region",), None),
    "aws_ambient_region": (("aws_region", "aws_default_region"), None),
    "aws_endpoint_url": (("aws_endpoint_url_s3", "aws_endpoint_url"), "dev_aws_endpoint"),
    "aws_profile": (("aws_profile",), None),
    "azure_connection_string": (("azure_storage_connection_string",), None),
    "azure_account": (("azure_storage_account",), "app_azure_storage_account"),
    "azure_key": (("azure_storage_key",), "app_azure_storage_access_key"),
    "azure_sas_token": (("azure_storage_sas_token",), None),
}

_PAIRS = (
    ("aws_access_key_id", "aws_secret_access_key"),
    ("app_aws_access_key", "app_aws_secret_key"),
)


class Settings(BaseSettings):
    """Everything that can be set, as read at start."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env",
        env_file_encoding="utf-8-sig",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
    )

    data_dir: Path = Path("data")
    database_url: SecretStr = SecretStr("")  # a password may be in it
    database_password_from: FunctionName = ""
    database_migrate: Literal["on", "off"] = "on"
    database_adopt: Literal["yes", "no"] = "no"
    database_search: Literal["all", "names"] = "all"
    journal_after_s: float = Field(default=1, ge=0.05)
    journal_max_mb: int = Field(default=1_000, ge=1)
    spool_max_mb: int = Field(default=5_000, ge=1)
    storage_url: Address = ""
    storage_redirect: Literal["on", "off"] = "off"

    aws_access_key_id: str | None = None
    aws_secret_access_key: SecretStr | None = None
    aws_session_token: SecretStr | None = None
    aws_region: str | None = None
    aws_default_region: str | None = None
    aws_endpoint_url_s3: HttpUrl | None = None
    aws_endpoint_url_dynamodb: HttpUrl | None = None
    aws_endpoint_url: HttpUrl | None = None
    aws_profile: str | None = None
    azure_storage_connection_string: SecretStr | None = None
    azure_storage_account: str | None = None
    azure_storage_key: SecretStr | None = None
    azure_storage_sas_token: SecretStr | None = None
    # What Chainlit calls them.
    bucket_name: str | None = None
    app_aws_region: str | None = None
    app_aws_access_key: str | None = None
    app_aws_secret_key: SecretStr | None = None
    dev_aws_endpoint: HttpUrl | None = None
    app_azure_storage_account: str | None = None
    app_azure_storage_access_key: SecretStr | None = None

    openai_api_key: ApiKey | None = None
    openai_base_url: OpenAIUrl | None = None
    openai_model: str | None = None
    openai_models: Names = ()
    azure_openai_endpoint: HttpUrl | None = None
    azure_openai_api_key: ApiKey | None = None
    azure_openai_api_version: str = AZURE_VERSION
    ollama_url: OptionalHttpUrl = OLLAMA

    system_prompt: str = DEFAULT_PROMPT
    model_context_tokens: int = Field(default=16_000, ge=256)
    model_answer_tokens: int = Field(default=4_000, ge=16)
    model_temperature: float | None = Field(default=None, ge=0, le=2)
    model_timeout_s: float = Field(default=60, gt=0)
    model_load_timeout_s: float = Field(default=300, gt=0)
    model_wait_s: float = Field(default=120, ge=0)
    thread_titles: Literal["on", "off"] = "on"
    model_file_tokens: int = Field(default=8_000, ge=100)
    model_image_pixels: int = Field(default=1_568, ge=64, le=8_192)
    attachment_timeout_s: float = Field(default=20, gt=0)

    # The socket takes packets of a million bytes, and a character has six at most.
    message_max_characters: int = Field(default=100_000, ge=1_000, le=150_000)
    upload_max_files: int = Field(default=10, ge=1)
    upload_max_mb: int = Field(default=50, ge=1)
    upload_types: FileTypes = "*/*"

    request_max_mb: int = Field(default=4, ge=1)
    request_timeout_s: float = Field(default=20, gt=0)
    request_max_waiting: int = Field(default=256, ge=1)
    shutdown_answers_s: float = Field(default=3, ge=0)
    response_timeout_s: float = Field(default=10, gt=0)
    user_max_answers: int = Field(default=5, ge=1)
    user_max_files: int = Field(default=200, ge=1)
    user_max_files_mb: int = Field(default=1_000, ge=1)
    user_max_copies: int = Field(default=2, ge=1)
    user_max_copies_mb: int = Field(default=1_000, ge=1)
    user_max_sessions: int = Field(default=40, ge=1)
    user_max_env_kb: int = Field(default=16, ge=1)
    user_max_settings_kb: int = Field(default=64, ge=1)
    user_max_comment_kb: int = Field(default=16, ge=1)
    user_max_name_kb: int = Field(default=4, ge=1)
    user_max_element_kb: int = Field(default=256, ge=1)
    user_max_events: int = Field(default=40, ge=1)
    allowed_origins: Origins = ()

    # The server reads this one itself.
    forwarded_allow_ips: str = "127.0.0.1"
    # Chainlit reads these itself.
    chainlit_host: str = "127.0.0.1"
    chainlit_port: int = Field(default=8_000, ge=1, le=65_535)
    chainlit_root_path: RootPath = ""
    chainlit_url: PublicAddress = ""
    auth_mode: Literal["local", "password", "oidc", "header"] = "local"
    users_file: Path | None = None
    chainlit_auth_secret: AuthSecret | None = None
    auth_secret_previous: AuthSecrets = ()
    hsts_max_age_s: int = Field(default=0, ge=0)
    oidc_issuer: Issuer = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_scopes: str = "openid profile email"
    oidc_label: Label = ""
    oidc_allowed_domains: Domains = ()
    oidc_allowed_emails: Emails = ()
    oidc_allowed_groups: Names = ()
    oidc_groups_claim: str = "groups"
    oidc_admin_claim: Claim = ""
    oidc_link_by_email: Literal["on", "off"] = "off"
    oidc_logout_at_provider: Literal["on", "off"] = "off"
    auth_header_proxies: Networks = ()
    auth_header_user: HeaderName = ""
    auth_header_display_name: str = ""
    auth_header_groups: str = ""
    auth_header_allowed_groups: Names = ()
    auth_header_admin_group: str = ""
    auth_header_secret: ProxySecret | None = None
    auth_header_secret_name: HeaderName = "X-Keepchat-Proxy-Secret"  # noqa: S105 - a name
    auth_header_assertion: Literal["none", "jwt", "cloudflare", "aws-alb"] = "none"
    auth_header_assertion_name: HeaderName = ""
    auth_header_claim: str = "email"
    auth_header_issuer: str = ""
    auth_header_audience: str = ""
    auth_header_keys_url: HttpUrl = ""
    auth_header_signer: str = ""
    auth_header_logout_url: str = ""
    thread_sharing: Literal["on", "off"] = "off"

    metrics_token: MetricsToken | None = None
    metrics_allow_ips: Networks = ()

    log_format: Literal["text", "json"] = "text"
    log_debug: Names = ()

    @model_validator(mode="after")
    def _room_for_a_question(self) -> "Settings":
        if self.model_answer_tokens >= self.model_context_tokens:
            message = "MODEL_ANSWER_TOKENS has to be smaller than MODEL_CONTEXT_TOKENS"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _adoption_at_the_start(self) -> "Settings":
        if self.database_adopt == "yes" and self.database_migrate == "off":
            message = (
                "DATABASE_ADOPT=yes adopts at the start, where DATABASE_MIGRATE=off changes "
                "nothing: remove one of them, or run 'python manage.py migrate --adopt'"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _whole_provider(self) -> "Settings":
        if self.auth_mode != "oidc":
            if given := self._given_of_provider():
                message = (
                    f"{given.upper()} is given, and AUTH_MODE is {self.auth_mode}: set "
                    "AUTH_MODE=oidc, or remove it"
                )
                raise ValueError(message)
            return self
        if not self.oidc_issuer or not self.oidc_client_id:
            message = "AUTH_MODE is oidc, which needs OIDC_ISSUER and OIDC_CLIENT_ID: set both"
            raise ValueError(message)
        return self

    def _given_of_provider(self) -> str | None:
        fields = type(self).model_fields.items()
        return next(
            (
                name
                for name, field in fields
                if name.startswith("oidc_") and getattr(self, name) != field.default
            ),
            None,
        )

    @model_validator(mode="after")
    def _asked_scopes(self) -> "Settings":
        scopes = self.oidc_scopes.split()
        if "openid" not in scopes:
            message = "OIDC_SCOPES lacks openid: without it nobody says who has signed in"
            raise ValueError(message)
        by_email = {
            "OIDC_ALLOWED_DOMAINS": self.oidc_allowed_domains,
            "OIDC_ALLOWED_EMAILS": self.oidc_allowed_emails,
            "OIDC_LINK_BY_EMAIL": self.oidc_link_by_email == "on",
        }
        if "email" not in scopes and any(by_email.values()):
            name = next(name for name, value in by_email.items() if value)
            message = f"{name} looks at e-mail addresses, and OIDC_SCOPES lacks email: add it"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _search_by_name(self) -> "Settings":
        if self.database_search == "names" and scheme_of(self.database) != "dynamodb":
            message = (
                "DATABASE_SEARCH=names is for DynamoDB, and DATABASE_URL names another database: "
                "remove it, and all that was said is searched"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _one_service(self) -> "Settings":
        if self.azure_openai_endpoint and self.openai_base_url:
            message = "AZURE_OPENAI_ENDPOINT and OPENAI_BASE_URL name two services: set one of them"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _room_for_files(self) -> "Settings":
        given = "model_file_tokens" in self.model_fields_set
        if given and self.model_file_tokens > self.model_context_tokens - self.model_answer_tokens:
            message = (
                "MODEL_FILE_TOKENS has to fit into MODEL_CONTEXT_TOKENS beside MODEL_ANSWER_TOKENS"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _one_name_for_a_thing(self) -> "Settings":
        for names, chainlits in _CREDENTIALS.values():
            ours = next((name for name in names if self._plain(name)), None)
            theirs = self._plain(chainlits) if chainlits else None
            if chainlits and ours and theirs and self._plain(ours) != theirs:
                message = (
                    f"{ours.upper()} and {chainlits.upper()} mean the same and differ: remove one"
                )
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _one_place_for_files(self) -> "Settings":
        named = netloc_of(self.storage_url) if self.storage_url else None
        if self.bucket_name and named is not None and named != self.bucket_name:
            message = "STORAGE_URL and BUCKET_NAME name two places for files: remove one of them"
            raise ValueError(message)
        if self._in_chainlits_bucket and self._on_azure and self.app_aws_access_key:
            message = (
                "APP_AZURE_STORAGE_ACCOUNT and APP_AWS_ACCESS_KEY name two services for "
                "BUCKET_NAME: remove one of them, or set STORAGE_URL"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _whole_pairs(self) -> "Settings":
        for key, secret in _PAIRS:
            given = [name for name in (key, secret) if self._plain(name)]
            if len(given) == 1:
                [other] = {key, secret} - set(given)
                message = f"{given[0].upper()} is given without {other.upper()}: set both or none"
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
    def database(self) -> str:
        """The database's URL; by default a file in the data folder."""
        given = self.database_url.get_secret_value()
        return given or f"sqlite:///{self.data_path / 'keepchat.db'}"

    @property
    def address(self) -> str:
        """Where a browser of this computer finds the page."""
        return f"http://localhost:{self.chainlit_port}{self.chainlit_root_path}"

    @property
    def journal_path(self) -> Path:
        """The folder of what was accepted while the database was away, absolute."""
        return self.data_path / "journal"

    @property
    def dead_letters_path(self) -> Path:
        """The folder of what no database takes, absolute."""
        return self.journal_path.with_name("dead_letters")

    @property
    def spool_path(self) -> Path:
        """The folder of files that were accepted while their storage was away, absolute."""
        return self.data_path / "spool"

    @property
    def session_files_path(self) -> Path:
        """The folder of files that wait for their message, absolute."""
        return self.data_path / "session_files"

    @property
    def users_path(self) -> Path:
        """The file with the accounts of AUTH_MODE=password, absolute."""
        return ROOT / self.users_file if self.users_file else self.data_path / "users.json"

    @property
    def storage(self) -> str:
        """The storage's URL; by default Chainlit's bucket, or else a folder in the data folder."""
        if self._in_chainlits_bucket:
            return f"{'azure' if self._on_azure else 's3'}://{self.bucket_name}"
        return self.storage_url or f"file:{quote(str(self.data_path / 'files'))}"

    @property
    def storage_credentials(self) -> dict[str, str | None]:
        """What `storage.credentials.Credentials` takes; None is what the SDKs find themselves."""
        groups = {
            field: (*names, chainlits) if chainlits else names
            for field, (names, chainlits) in _CREDENTIALS.items()
        }
        found = {
            field: next(filter(None, map(self._plain, names)), None)
            for field, names in groups.items()
        }
        if not self._plain("aws_access_key_id"):
            found["aws_session_token"] = None  # it would be that of no pair, or of another one
        return found

    @property
    def aws_access(self) -> dict[str, str | None]:
        """What `common.aws.AwsAccess` takes for a database; None is what the SDK finds itself."""
        names = ("access_key_id", "secret_access_key", "session_token", "profile")
        found = {name: self._plain(f"aws_{name}") for name in names}
        if not found["access_key_id"]:
            found["session_token"] = None  # it would be that of no pair
        found["region"] = self.aws_region or self.aws_default_region
        found["endpoint_url"] = self.aws_endpoint_url_dynamodb or self.aws_endpoint_url
        return found

    @property
    def _in_chainlits_bucket(self) -> bool:
        return bool(self.bucket_name) and not self.storage_url

    @property
    def _on_azure(self) -> bool:
        return bool(self.app_azure_storage_account)

    def _plain(self, name: str) -> str | None:
        value = getattr(self, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else value


class SettingsError(Exception):
    """Values are wrong; the message has a line for each."""


def read() -> Settings:
    """Return the settings. Raises `SettingsError`."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        if not os.environ.get(name, "none"):
            del os.environ[name]  # the SDK would look for a profile without a name
    file = Settings.model_config.get("env_file")
    if isinstance(file, Path) and (fault := env_file.fault_of(file)):
        raise SettingsError(fault)
    try:
        return Settings()
    except ValidationError as exc:
        lines = [_sentence(error) for error in exc.errors()]
        raise SettingsError("\n".join(lines)) from None  # the cause would tell secrets


# Names of others' that differ little from one of ours.
_OTHERS = re.compile(
    r"(S3|POSTGRES|COMPOSE|AZURITE)_.*|AWS_ENDPOINT_URL_.*|AWS_(ACCESS|SECRET)_KEY|OLLAMA_MODELS|"
    r"AWS_DEFAULT_PROFILE|OPENAI_(API_BASE|API_TYPE|API_VERSION|ORG_ID)|DATABASE_URI|"
    r"CHAINLIT_(AUTH_COOKIE_(NAME|PATH)|ENV_FILE)"
)


def misspelt() -> Iterator[str]:
    """Say of each variable whose name is nearly one of ours which was meant.

    In `.env` names may also lack a word; the environment is full of others'.
    """
    known = {name.upper() for name in Settings.model_fields}
    file = Settings.model_config.get("env_file")
    filed = env_file.names(file) if isinstance(file, Path) else ()
    for name in dict.fromkeys([*filed, *os.environ]):
        if name.upper() in known or _OTHERS.fullmatch(name.upper()):
            continue
        found = nearest(name.upper(), known)
        if not found and name in filed:
            found = most_alike(name.upper(), known)
        if found:
            yield f"{name} is not known, and does nothing. Did you mean {found}?"


def load() -> Settings:
    """Return the settings; stops the program with one line when a value is wrong."""
    try:
        return read()
    except SettingsError as exc:
        sys.exit(str(exc))


def _sentence(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"] if isinstance(part, str)).upper()
    what = error["msg"].removeprefix("Value error, ")
    given = "" if _is_secret(name) else f" (it is {error['input']!r})"
    return f"{name}: {what}{given}. See .env.example." if name else f"{what}. See .env.example."


def _is_secret(name: str) -> bool:
    return not name or any(word in name for word in ("URL", "KEY", "SECRET", "TOKEN", "PASSWORD"))


def prepare_data_dir(settings: Settings) -> None:
    """Make the data folder, for its owner only; stops the program when it cannot be used."""
    path, what = settings.data_path, "made"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        what = "written to"
        with TemporaryFile(dir=path):
            pass
    except OSError as exc:
        sys.exit(f"DATA_DIR: {path} cannot be {what} ({exc.strerror}). Name another.")


def auth_secret(settings: Settings) -> str:
    """Return the secret that signs logins; where none is set it is made on the first start."""
    given = settings.chainlit_auth_secret
    if given:
        return given.get_secret_value()
    try:
        return kept_secret(settings.data_path / "auth_secret")
    except (OSError, ValueError) as exc:
        sys.exit(f"CHAINLIT_AUTH_SECRET is not set, and none can be kept: {exc}")


def export_auth_secret(settings: Settings) -> None:
    """Put the secret that signs logins where Chainlit looks for it."""
    os.environ["CHAINLIT_AUTH_SECRET"] = auth_secret(settings)
