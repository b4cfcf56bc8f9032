"""Options of a connection's socket, so that one that has died on the way is noticed.

A balancer or a firewall may forget a connection and say nothing. Probes keep it known there, and
what nobody acknowledges in time ends the connection, in place of a ping before each use.
"""

import socket
from collections.abc import Mapping
from typing import Any

import asyncpg

_INTERNET = (socket.AF_INET, socket.AF_INET6)
# libpq's names, and the names that platforms have for them.
_NAMES = {
    "keepalives_idle": ("TCP_KEEPIDLE", "TCP_KEEPALIVE"),
    "keepalives_interval": ("TCP_KEEPINTVL",),
    "keepalives_count": ("TCP_KEEPCNT",),
    "tcp_user_timeout": ("TCP_USER_TIMEOUT",),
}


def connection_class(options: Mapping[str, int]) -> type[asyncpg.Connection]:
    """Return asyncpg's connection; its socket has these options, by the names of `libpq.SOCKET`."""

    class Probed(asyncpg.Connection):
        __slots__ = ()

        def __init__(self, protocol: Any, transport: Any, *others: Any) -> None:
            super().__init__(protocol, transport, *others)
            set_options(transport.get_extra_info("socket"), options)

    return Probed


def set_options(sock: Any, options: Mapping[str, int]) -> None:
    """Set what the platform knows of these; a socket of the machine itself needs none."""
    if sock is None or sock.family not in _INTERNET or not options["keepalives"]:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, theirs in _NAMES.items():
        known = next((each for each in theirs if hasattr(socket, each)), "")
        if known and options[name] > 0:
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, known), options[name])
