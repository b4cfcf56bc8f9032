"""Who we are to a storage, as the settings say it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Credentials:
    """What was given; for what is None the SDK looks where it always does.

    Its repr shows nothing, since most of these are secrets.
    """

    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = None
    aws_session_token: str | None = None
    aws_region: str | None = None
    aws_ambient_region: str | None = None  # where the bucket is asked for its own
    aws_endpoint_url: str | None = None
    aws_profile: str | None = None
    azure_connection_string: str | None = None
    azure_account: str | None = None
    azure_key: str | None = None
    azure_sas_token: str | None = None
