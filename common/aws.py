"""Sessions of Amazon's SDK: who we are, and what the SDK knows of a service.

The SDK is imported when it is used: most set-ups do without it.
"""

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import boto3
    from botocore.loaders import Loader

ANY_REGION = "us-east-1"
"""Where the SDK has to name a region, and none in particular."""
SIGN_IN = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name an AWS_PROFILE that is signed in, "
    "or run where there is a role"
)
RENEW = "get new temporary credentials, with their AWS_SESSION_TOKEN"
CORRECT_KEYS = "correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
SET_CLOCK = "set this machine's clock, it differs from the service's by too much"

_NO_PROFILE = {"profile": (None, None, None, None)}
_NO_USER_CONFIG: dict[str, Any] = {
    **_NO_PROFILE,
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AwsAccess:
    """Who we are to Amazon, or to a service that speaks its protocols, and where that is.

    For what is None the SDK looks where it always does. Its repr shows nothing: some are secrets.
    """

    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None
    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None


def is_endpoint(endpoint: str) -> bool:
    """Tell whether it is the address of a service, and nothing else, such as a password."""
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return False
    is_address = parts.scheme in ("http", "https") and parts.hostname
    return bool(is_address) and not ("@" in parts.netloc or parts.query or parts.fragment)


@cache
def api_models(service: str) -> "Loader":
    """Return what the SDK knows of a service, read once, before there is work that would wait.

    Making the first client of S3 takes a fifth of a second, in which no other thread gets on.
    """
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.session import Session

    session = Session(session_vars=_NO_USER_CONFIG)
    config = Config(signature_version=UNSIGNED)
    session.create_client(service, region_name=ANY_REGION, config=config).close()
    loader: Loader = session.get_component("data_loader")
    return loader


def open_session(access: AwsAccess, service: str) -> "boto3.Session":
    """Return a session for clients of one service. Region and endpoint are the client's own."""
    import boto3
    from botocore.session import Session

    has_keys = access.access_key_id is not None
    # Keys that are given need no profile, and so none that AWS_PROFILE names and nobody has.
    session = Session(session_vars=_NO_PROFILE if has_keys else {})
    session.register_component("data_loader", api_models(service))
    return boto3.Session(
        botocore_session=session,
        aws_access_key_id=access.access_key_id,
        aws_secret_access_key=access.secret_access_key,
        aws_session_token=access.session_token,
        profile_name=None if has_keys else access.profile,
    )


def lacks_credentials(error: Exception) -> bool:
    """Tell whether the SDK found no credentials, or cannot get what they stand for."""
    from botocore import exceptions

    kinds = (
        exceptions.CredentialRetrievalError,
        exceptions.NoAuthTokenError,
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.ProfileNotFound,
        exceptions.SSOError,
        exceptions.TokenRetrievalError,
        exceptions.UnauthorizedSSOTokenError,
    )
    return isinstance(error, kinds)
