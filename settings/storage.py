"""Where files are kept, and how services say who we are."""

from typing import Literal, Self
from urllib.parse import quote

from pydantic import Field, SecretStr, model_validator

from common.configuration.setting_types import Address, HttpUrl, netloc_of
from settings.data_folder import DataFolder

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


class StorageSettings(DataFolder):
    """The storage, its spool, and the credentials of Amazon's and Azure's services."""

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

    @model_validator(mode="after")
    def _one_name_for_a_thing(self) -> Self:
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
    def _one_place_for_files(self) -> Self:
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
