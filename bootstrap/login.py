"""The login mode as the settings name it."""

from access.login import factory, local_secret
from access.login.base import FindOwner, LoginMode
from access.login.factory import LoginOptions
from access.login.local_secret import LocalSecret
from access.login.modes.header.options import HeaderOptions, assertion_options
from access.login.modes.oidc.options import OidcOptions
from access.login.sessions import KeepUser
from access.login.tokens import Tokens
from datalayer.stores.accounts import AccountStore
from settings import Settings


def mode_of(settings: Settings) -> type[LoginMode]:
    """Return what is true of the mode without being opened."""
    return factory.mode_of(settings.auth_mode)


def open_login(
    settings: Settings,
    accounts: AccountStore,
    secret: str = "",
    keep_user: KeepUser | None = None,
    find_owner: FindOwner | None = None,
    prefix: str = "",
) -> LoginMode:
    """Return the way in that the settings name; without a secret nobody can be signed in."""
    options = LoginOptions(
        local_token=settings.data_path / local_secret.FILE,
        oidc=oidc_options(settings),
        header=header_options(settings),
        prefix=prefix,
    )
    tokens = Tokens(secret, [one.get_secret_value() for one in settings.auth_secret_previous])
    return factory.open_login(settings.auth_mode, options, accounts, tokens, keep_user, find_owner)


def oidc_options(settings: Settings) -> OidcOptions | None:
    """Return the provider that the settings name, None for none."""
    if not settings.oidc_issuer:
        return None
    secret = settings.oidc_client_secret
    claim, _, value = settings.oidc_admin_claim.partition("=")
    return OidcOptions(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=secret.get_secret_value() if secret else "",
        scopes=tuple(settings.oidc_scopes.split()),
        label=settings.oidc_label,
        domains=frozenset(settings.oidc_allowed_domains),
        addresses=frozenset(settings.oidc_allowed_emails),
        groups=frozenset(settings.oidc_allowed_groups),
        groups_claim=settings.oidc_groups_claim,
        admin_claim=(claim, value) if claim else None,
        links_by_email=settings.oidc_link_by_email == "on",
        ends_at_provider=settings.oidc_logout_at_provider == "on",
        public_url=settings.chainlit_url,
    )


def header_options(settings: Settings) -> HeaderOptions:
    """Return what is set for identities from a reverse proxy."""
    secret = settings.auth_header_secret
    return HeaderOptions(
        proxies=settings.auth_header_proxies,
        user=settings.auth_header_user,
        display_name=settings.auth_header_display_name,
        groups=settings.auth_header_groups,
        allowed_groups=frozenset(settings.auth_header_allowed_groups),
        admin_group=settings.auth_header_admin_group,
        secret=secret.get_secret_value() if secret else "",
        secret_header=settings.auth_header_secret_name,
        assertion=assertion_options(
            settings.auth_header_assertion,
            header=settings.auth_header_assertion_name,
            claim=settings.auth_header_claim,
            issuer=settings.auth_header_issuer,
            audience=settings.auth_header_audience,
            keys_url=settings.auth_header_keys_url,
            signer=settings.auth_header_signer,
        ),
        logout_url=settings.auth_header_logout_url,
    )


def local_link(settings: Settings, address: str) -> str:
    """Return the link that signs in at an address where AUTH_MODE is local.

    Raises `OSError`, `ValueError` where its secret cannot be read.
    """
    return LocalSecret(settings.data_path / local_secret.FILE).link(address)
