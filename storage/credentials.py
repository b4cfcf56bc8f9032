"""Who we are to a storage, as the settings say it."""

from dataclasses import dataclass

from common.aws import AwsAccess


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

    @property
    def aws(self) -> AwsAccess:
        """Who we are to Amazon; S3 finds out by itself where a bucket is."""
        return AwsAccess(
            access_key_id=self.aws_access_key_id,
            secret_access_key=self.aws_secret_access_key,
            session_token=self.aws_session_token,
            profile=self.aws_profile,
        )
