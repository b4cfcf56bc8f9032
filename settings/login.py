"""Who may come in, and who says so."""

import sys
from pathlib import Path
from typing import Literal, Self

from pydantic import SecretStr, model_validator

from common.configuration.setting_types import (
    AuthSecret,
    AuthSecrets,
    Claim,
    Domains,
    Emails,
    HeaderName,
    HttpUrl,
    Issuer,
    Label,
    Names,
    Networks,
    ProxySecret,
)
from common.files.kept_secret import kept_secret
from settings.data_folder import ROOT, DataFolder


class LoginSettings(DataFolder):
    """The mode of the login and what it needs, the secret that signs logins, and sharing."""

    auth_mode: Literal["local", "password", "oidc", "header"] = "local"
    users_file: Path | None = None
    chainlit_auth_secret: AuthSecret | None = None
    auth_secret_previous: AuthSecrets = ()
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

    @model_validator(mode="after")
    def _whole_provider(self) -> Self:
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
    def _asked_scopes(self) -> Self:
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

    @property
    def users_path(self) -> Path:
        """The file with the accounts of AUTH_MODE=password, absolute."""
        return ROOT / self.users_file if self.users_file else self.data_path / "users.json"


def auth_secret(settings: LoginSettings) -> str:
    """Return the secret that signs logins; where none is set it is made on the first start."""
    given = settings.chainlit_auth_secret
    if given:
        return given.get_secret_value()
    try:
        return kept_secret(settings.data_path / "auth_secret")
    except (OSError, ValueError) as exc:
        sys.exit(f"CHAINLIT_AUTH_SECRET is not set, and none can be kept: {exc}")
