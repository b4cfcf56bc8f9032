"""Where an Azure Blob Storage is and who we are to it, from its URL and the credentials.

Pure functions. What cannot be read raises `ValueError` with the name of the setting, never with its
value, since that may be a secret.
"""

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import SplitResult, parse_qsl, urlsplit

from storage.credentials import Credentials
from storage.urls import invalid_url, key_prefix, query_options, split_url

_CONNECTION_STRING = "AZURE_STORAGE_CONNECTION_STRING"
_KNOWN = ("account_url", "create")
# Three to 63 characters; the service's own $root and $web are for other things.
_CONTAINER = re.compile(r"(?=.{3,63}\Z)[a-z0-9]+(-[a-z0-9]+)*")
_CLOUD = "core.windows.net"
_NETWORKS = ("-ipv6", "-dualstack")

# Azurite's own account, for UseDevelopmentStorage=true; the key is in its documentation.
_EMULATOR = Credentials(
    azure_account="devstoreaccount1",
    azure_key=(
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    ),
)
_EMULATOR_URL = "http://127.0.0.1:10000/devstoreaccount1"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAccount:
    """A storage account by its blob endpoint; with neither key nor SAS token, Entra ID knows us."""

    url: str
    name: str
    key: str | None = field(default=None, repr=False)
    sas_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureOptions:
    """Where the objects are; the prefix is empty or ends with a slash."""

    account: StorageAccount
    container: str
    prefix: str = ""
    create: bool = False

    @classmethod
    def from_url(cls, url: str, credentials: Credentials) -> Self:
        """Return what an `azure://container/prefix?…` means with these credentials."""
        parts = split_url(url)
        if not _CONTAINER.fullmatch(parts.netloc):
            raise invalid_url(
                "must be azure://container/prefix; a container's name has 3 to 63 small letters, "
                "digits and single hyphens"
            )
        options = query_options(parts, _KNOWN)
        return cls(
            container=parts.netloc,
            prefix=key_prefix(parts),
            create=_is_true(options.get("create", "false")),
            account=_account(options.get("account_url"), credentials),
        )


def _is_true(given: str) -> bool:
    if given not in ("true", "false"):
        raise invalid_url("needs true or false for create")
    return given == "true"


# The account


def _account(url: str | None, credentials: Credentials) -> StorageAccount:
    from_string, url_of_string = _read_connection_string(credentials.azure_connection_string)
    given = _merge(replace(credentials, azure_sas_token=_sas(credentials)), from_string)
    endpoint, name = _endpoint(url, url_of_string, given.azure_account)
    account = StorageAccount(
        url=endpoint, name=name, key=given.azure_key, sas_token=given.azure_sas_token
    )
    _check(account)
    return account


def _check(account: StorageAccount) -> None:
    if account.key and account.sas_token:
        message = (
            "Two ways to sign in to Azure are given: a key (AZURE_STORAGE_KEY or "
            f"{_CONNECTION_STRING}) and AZURE_STORAGE_SAS_TOKEN. Remove one of them."
        )
        raise ValueError(message)
    if account.key and not _is_base64(account.key):
        message = "AZURE_STORAGE_KEY is no key of a storage account: copy it once more, whole."
        raise ValueError(message)
    if not account.key and not account.sas_token and not account.url.startswith("https:"):
        message = (
            "Entra ID works over https only: set AZURE_STORAGE_KEY, or an account_url that begins "
            "with https."
        )
        raise ValueError(message)


def _is_base64(key: str) -> bool:
    try:
        return bool(b64decode(key, validate=True))
    except binascii.Error:
        return False


def _sas(credentials: Credentials) -> str | None:
    """Return the SAS token without the question mark that the portal puts before it."""
    if credentials.azure_sas_token is None:
        return None
    token = credentials.azure_sas_token.strip().removeprefix("?")
    if "sig" not in dict(parse_qsl(token)) or "?" in token:
        message = (
            "AZURE_STORAGE_SAS_TOKEN is no SAS token: it is what follows the ? of a signed link, "
            "with sv=, se=, sp= and sig= in it."
        )
        raise ValueError(message)
    return token


def _merge(given: Credentials, from_string: Credentials) -> Credentials:
    """Join the single settings with what the connection string says."""

    def one(setting: str, single: str | None, other: str | None) -> str | None:
        if single and other and single != other:
            message = (
                f"{setting} and {_CONNECTION_STRING} contradict each other. Remove one of them."
            )
            raise ValueError(message)
        return single or other

    return Credentials(
        azure_account=one("AZURE_STORAGE_ACCOUNT", given.azure_account, from_string.azure_account),
        azure_key=one("AZURE_STORAGE_KEY", given.azure_key, from_string.azure_key),
        azure_sas_token=one(
            "AZURE_STORAGE_SAS_TOKEN", given.azure_sas_token, from_string.azure_sas_token
        ),
    )


def _read_connection_string(given: str | None) -> tuple[Credentials, str | None]:
    """Return who it says that we are, and the blob endpoint if it names one."""
    if not given:
        return Credentials(), None
    pairs = [part.strip().partition("=") for part in given.split(";") if part.strip()]
    fields = {name.lower(): value for name, _, value in pairs}
    if fields.get("usedevelopmentstorage") == "true":
        return _EMULATOR, _EMULATOR_URL
    account, endpoint = fields.get("accountname"), fields.get("blobendpoint")
    if not account and not endpoint:
        message = f"{_CONNECTION_STRING} is none: copy it once more, whole."
        raise ValueError(message)
    if not endpoint:
        scheme = fields.get("defaultendpointsprotocol", "https")
        endpoint = f"{scheme}://{account}.blob.{fields.get('endpointsuffix', _CLOUD)}"
    signed = Credentials(azure_sas_token=fields.get("sharedaccesssignature"))
    found = Credentials(
        azure_account=account, azure_key=fields.get("accountkey"), azure_sas_token=_sas(signed)
    )
    return found, endpoint


def _endpoint(url: str | None, url_of_string: str | None, account: str | None) -> tuple[str, str]:
    """Return the account's blob endpoint and its name."""
    given = url or url_of_string or (f"https://{account}.blob.{_CLOUD}" if account else None)
    if not given:
        raise invalid_url(
            "does not say which account: add ?account_url=https://ACCOUNT.blob.core.windows.net, "
            f"or set AZURE_STORAGE_ACCOUNT or {_CONNECTION_STRING}"
        )
    setting = "The option account_url of STORAGE_URL" if url else _CONNECTION_STRING
    endpoint, name = _read_account_url(given, setting)
    if name and account and name != account:
        message = (
            f"{setting} and AZURE_STORAGE_ACCOUNT (or {_CONNECTION_STRING}) name two accounts, "
            f"{name!r} and {account!r}. Remove one of them."
        )
        raise ValueError(message)
    if not (name or account):
        message = f"{setting} does not show the account's name: set AZURE_STORAGE_ACCOUNT too."
        raise ValueError(message)
    return endpoint, name or account or ""


def _read_account_url(url: str, setting: str) -> tuple[str, str]:
    """Return the blob endpoint, and the account's name if the URL shows it.

    A Data Lake endpoint (dfs) is that of the same account, whose blob endpoint has the same files.
    Azurite has the account in the path.
    """
    parts = _split(url)
    host, path = parts.netloc.replace(".dfs.", ".blob.", 1), parts.path.strip("/")
    shown = _name_in(host) if ".blob." in host else ""
    is_bare = not (parts.query or parts.fragment or "@" in host or "/" in path or (shown and path))
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_bare:
        message = (
            f"{setting} must be https://ACCOUNT.blob.core.windows.net, or the same with dfs, "
            "without a container; a SAS token goes into AZURE_STORAGE_SAS_TOKEN."
        )
        raise ValueError(message)
    return f"{parts.scheme}://{host}/{path}".rstrip("/"), shown or path


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _name_in(host: str) -> str:
    name = host.partition(".")[0]
    for network in _NETWORKS:
        name = name.removesuffix(network)
    return name
