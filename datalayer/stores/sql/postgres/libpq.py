"""Options of a URL that libpq has and asyncpg has not: it would send them to the server."""

from collections.abc import Mapping

from datalayer.errors import StoreMisconfigured

CONNECT_S = 5.0  # how long it may take to connect, unless the URL says `connect_timeout`
# Options of sockets, as libpq calls them: seconds, and milliseconds for the last one.
SOCKET = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_DROPPED = frozenset(
    {
        "channel_binding",  # asyncpg has none: sslmode says how sure a connection is
        "client_encoding",  # asyncpg speaks UTF-8
        "fallback_application_name",
        "gssdelegation",
        "gssencmode",
        "load_balance_hosts",
        "sslcertmode",
        "sslcompression",
        "sslkeylogfile",
        "sslsni",
    }
)
# They ask for a safety that asyncpg cannot give: nothing is dropped in silence here.
_REFUSED = frozenset({"require_auth", "requirepeer", "sslcrldir"})
_SYSTEM = (
    "sslrootcert=system is for libpq alone. Name the file of the authorities that the system "
    "trusts, on Debian /etc/ssl/certs/ca-certificates.crt."
)


def take_connect_limit(options: dict[str, str]) -> float:
    """Take `connect_timeout` from the options; return the limit in seconds.

    0 and less, which is no limit in libpq, is ours. Raises `StoreMisconfigured`.
    """
    given = _number(options, "connect_timeout", 0)
    return float(given) if given > 0 else CONNECT_S


def take_socket(options: dict[str, str]) -> Mapping[str, int]:
    """Take the options of sockets from those of the URL, by the names of `SOCKET`.

    Raises `StoreMisconfigured`.
    """
    return {name: _number(options, name, default) for name, default in SOCKET.items()}


def drop_others(options: dict[str, str]) -> None:
    """Take from the options what only libpq can do.

    Raises `StoreMisconfigured` for what would be less safe without it.
    """
    if options.get("sslrootcert") == "system":
        raise StoreMisconfigured(_SYSTEM)
    unsafe = sorted(_REFUSED & options.keys())
    if options.get("gssencmode") == "require":
        unsafe.append("gssencmode=require")
    if unsafe:
        message = (
            f"{unsafe[0]} in DATABASE_URL is for libpq alone and cannot be kept here. Leave it "
            "out, and have sslmode=verify-full where the network is not your own."
        )
        raise StoreMisconfigured(message)
    for name in _DROPPED & options.keys():
        del options[name]


def _number(options: dict[str, str], name: str, default: int) -> int:
    given = options.pop(name, "") or str(default)
    try:
        return int(given)
    except ValueError:
        message = f"{name} is a number (it is {given!r})."
        raise StoreMisconfigured(message) from None
