"""Values of settings: what each kind may be, in words that say what is wrong with another. Pure."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from common import env_file
from common.configuration.endpoints import base_url, clean_key
from common.loopback import is_loopback
from common.strength import secret_fault


def scheme_of(url: str) -> str:
    """Return the scheme of an address. Raises `ValueError`, in words without the address."""
    try:
        return urlsplit(url).scheme
    except ValueError:
        # Its own text shows the address, and so a password.
        message = (
            "the address cannot be read; in user and password every character but letters and "
            "digits is percent-encoded (@ is %40, / is %2F)"
        )
        raise ValueError(message) from None


def netloc_of(url: str) -> str:
    """Return the part of an address between its scheme and its path."""
    return urlsplit(url).netloc


def _readable_url(url: str) -> str:
    scheme_of(url)
    return url


def scheme_in(*known: str) -> AfterValidator:
    """Return what takes an address with one of some schemes, or none at all."""

    def check(url: str) -> str:
        if url and scheme_of(url) not in known:
            message = f"the address has to begin with {' or '.join(f'{name}:' for name in known)}"
            raise ValueError(message)
        return url

    return AfterValidator(check)


def _key(given: SecretStr) -> SecretStr:
    return SecretStr(clean_key(given.get_secret_value()))


ApiKey = Annotated[SecretStr, AfterValidator(_key)]


_MAKE_ONE = "make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'"


def _strong_or(what_else: str) -> AfterValidator:
    def check(given: SecretStr) -> SecretStr:
        if fault := secret_fault(given.get_secret_value()):
            message = f"{fault}, and whoever finds it {what_else}{_MAKE_ONE}"
            raise ValueError(message)
        return given

    return AfterValidator(check)


AuthSecret = Annotated[
    SecretStr, _strong_or("is everybody. Remove it, and one is made in DATA_DIR; or ")
]
ProxySecret = Annotated[SecretStr, _strong_or("could be the proxy: ")]
MetricsToken = Annotated[SecretStr, _strong_or("could read the metrics: ")]


def _listed(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _off_is_empty(value: object) -> object:
    return "" if value == "off" else value


_FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_DOMAIN = re.compile(r"(?!-)[^\s@/:]+\.[^\s@/:.]+")
_TYPE = re.compile(r"\.[\w.+-]+|[\w*.+-]+/[\w*.+-]+")


def _file_types(given: str) -> str:
    for one in given.split(","):
        if not _TYPE.fullmatch(one.strip()):
            message = f"{one.strip()!r} is neither a type such as image/* nor an ending such as .md"
            raise ValueError(message)
    return given


def _function_name(given: str) -> str:
    if given and not _FUNCTION.fullmatch(given):
        message = "it names a function, in the form package.module:function"
        raise ValueError(message)
    return given


def _origin(given: str) -> str:
    scheme, parts = scheme_of(given), urlsplit(given)
    if scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
        message = f"{given!r} is no origin such as https://intranet.example.org:8443"
        raise ValueError(message)
    return given.rstrip("/")


def _issuer(given: str) -> str:
    if not given:
        return given
    parts = urlsplit(_readable_url(given))
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(parts.hostname or "")
    )
    if not parts.hostname or not is_safe:
        message = "an issuer begins with https:, or with http: if it is on this computer"
        raise ValueError(message)
    if parts.query or parts.fragment or "@" in parts.netloc:
        message = "an issuer is an address with neither user, query nor fragment"
        raise ValueError(message)
    return given


def _domain(given: str) -> str:
    domain = given.lower().removeprefix("@")
    if not _DOMAIN.fullmatch(domain):
        message = f"{given!r} is no domain such as example.org"
        raise ValueError(message)
    return domain


def _email(given: str) -> str:
    if not all(given.rpartition("@")):
        message = f"{given!r} is no e-mail address"
        raise ValueError(message)
    return given.lower()


def _claim(given: str) -> str:
    if given and not all(part.strip() for part in given.partition("=")):
        message = "it names a claim and its value, in the form groups=admins"
        raise ValueError(message)
    return given


def _root_path(given: str) -> str:
    if fault := env_file.fault_of_path(given):
        raise ValueError(fault)
    return given


def _label(given: str) -> str:
    if not given.isprintable() or "{" in given or "$" in given:
        message = "a label is plain text, without { and $"
        raise ValueError(message)
    return given.strip()


def _public_address(given: str) -> str:
    parts = urlsplit(_readable_url(given))
    if given and (parts.scheme not in ("http", "https") or not parts.hostname):
        message = "it is the address that browsers have, such as https://chat.example.org"
        raise ValueError(message)
    return given.rstrip("/")


HttpUrl = Annotated[str, scheme_in("http", "https")]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


def _networks(given: object) -> object:
    return tuple(map(_network, given.split(","))) if isinstance(given, str) else given


def _network(given: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(given.strip())
    except ValueError:
        message = f"{given.strip()!r} is no address and no network such as 10.0.0.0/8"
        raise ValueError(message) from None


_HEADER = re.compile(r"[A-Za-z0-9-]*")


def _header(given: str) -> str:
    if not _HEADER.fullmatch(given):
        message = "it names a header, of letters, digits and hyphens"
        raise ValueError(message)
    return given


HeaderName = Annotated[str, AfterValidator(_header)]

FileTypes = Annotated[str, AfterValidator(_file_types)]
FunctionName = Annotated[str, AfterValidator(_function_name)]
Address = Annotated[str, AfterValidator(_readable_url)]
PublicAddress = Annotated[str, AfterValidator(_public_address)]
RootPath = Annotated[str, AfterValidator(_root_path)]
Issuer = Annotated[str, AfterValidator(_issuer)]
Claim = Annotated[str, AfterValidator(_claim)]
Label = Annotated[str, AfterValidator(_label)]
Origins = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_listed)
]
Domains = Annotated[
    tuple[Annotated[str, AfterValidator(_domain)], ...], NoDecode, BeforeValidator(_listed)
]
Emails = Annotated[
    tuple[Annotated[str, AfterValidator(_email)], ...], NoDecode, BeforeValidator(_listed)
]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)]
AuthSecrets = Annotated[tuple[AuthSecret, ...], NoDecode, BeforeValidator(_listed)]
OptionalHttpUrl = Annotated[str, BeforeValidator(_off_is_empty), scheme_in("http", "https")]
OpenAIUrl = Annotated[HttpUrl, AfterValidator(base_url)]
