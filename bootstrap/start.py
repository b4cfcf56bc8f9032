"""The start: whether the port is free, and one block of the log that says what runs where."""

import errno
import logging
import socket
import sys
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from chat.models.registry import Models, Origin
from common.version import VERSION
from settings import Settings

logger = logging.getLogger("keepchat")

_FOUND = {
    Origin.SETTINGS: "",
    Origin.OLLAMA: ", of the Ollama on this computer",
    Origin.BUILT_IN: ", the built-in demo",
}


def tell_start(settings: Settings, models: Models, host: str, port: int, prefix: str) -> None:
    """Log what runs here, a line for each; never a secret."""
    told = {
        "version": VERSION,
        "model": _models(settings, models),
        "database": place(settings.database),
        "storage": _storage(settings),
        "access": f"AUTH_MODE={settings.auth_mode}",
        "address": f"{settings.chainlit_url or _at(settings, host, port)}{prefix}",
    }
    logger.info("Keepchat %s", VERSION, extra={"fields": told})
    for name, value in told.items():
        if name != "version":
            logger.info("  %-9s %s", name, value)


def _models(settings: Settings, models: Models) -> str:
    url = settings.azure_openai_endpoint or settings.openai_base_url
    where = f" at {place(url)}" if url and models.origin is Origin.SETTINGS else ""
    return f"{', '.join(models.names)}{_FOUND[models.origin]}{where}"


def _storage(settings: Settings) -> str:
    credentials: Mapping[str, str | None] = settings.storage_credentials
    query = parse_qs(urlsplit(settings.storage).query)
    named = [*query.get("endpoint_url", []), *query.get("account_url", [])]
    if urlsplit(settings.storage).scheme == "s3" and credentials["aws_endpoint_url"]:
        named.append(credentials["aws_endpoint_url"])
    return f"{place(settings.storage)}{f' at {place(named[0])}' if named else ''}"


def place(url: str) -> str:
    """Return where a URL leads, without its password and without what follows a question mark."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    begin = f"{parts.scheme}://" if url.startswith(f"{parts.scheme}://") else f"{parts.scheme}:"
    return f"{begin}{name}{at if name else ''}{host}{parts.path}"


def _at(settings: Settings, host: str, port: int) -> str:
    shown = "localhost" if host in ("127.0.0.1", "localhost") else host
    scheme = "https" if settings.chainlit_ssl_cert else "http"
    return f"{scheme}://{f'[{shown}]' if ':' in shown else shown}:{port}"


def require_port(host: str, port: int) -> None:
    """End the program with one line where it cannot listen: the server would say that it does."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as listening:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listening.bind(address)
                listening.listen()
    except (OSError, UnicodeError, OverflowError) as exc:
        sys.exit(_why_not(exc, host, port))


def _why_not(exc: Exception, host: str, port: int) -> str:
    number = exc.errno if isinstance(exc, OSError) else None
    if number == errno.EADDRINUSE:
        return (
            f"CHAINLIT_PORT: another program listens at port {port} of {host}. Stop it, or choose "
            f"another port: chainlit run app.py --port {port + 1}"
        )
    if number in (errno.EACCES, errno.EPERM):
        return f"CHAINLIT_PORT: port {port} is not for this user. Choose one above 1023."
    return f"CHAINLIT_HOST: {host} is no address of this computer. Try 127.0.0.1."
