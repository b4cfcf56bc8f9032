"""No files: Landlock lets a process of any user give up what it may open (Linux 5.13 and later)."""

import ctypes
import mimetypes
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from common.processes.kernel import call

# The same numbers on all machines.
_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_VERSION = 1  # asks for it instead of making something
_PATH_BENEATH = 1  # a kind of rule

_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# All rights to files that each version of the kernel's interface has brought; what is named here
# and not allowed by a rule is refused.
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
_TCP = 0b11, 4  # bind and connect, and since when
_OUTSIDE = 0b11, 6  # abstract sockets and signals to other processes

_PROGRAM = Path(__file__).resolve().parents[4]
_OWN_CODE = ("chat/attachments", "common")
_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/dev/null")
FONTS = ("/usr/share/fonts", "/usr/local/share/fonts")  # drawings are written with them


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def restrict() -> bool:
    """Allow nothing but to read what Python needs; returns whether the kernel sees to it."""
    version = call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    if version < 1:
        return False
    rules = _Ruleset(
        sum(rights for since, rights in _FILE_RIGHTS.items() if since <= version),
        _TCP[0] if version >= _TCP[1] else 0,
        _OUTSIDE[0] if version >= _OUTSIDE[1] else 0,
    )
    size = 24 if version >= _OUTSIDE[1] else 16 if version >= _TCP[1] else 8
    ruleset = call(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    for path in _needed():
        _allow(ruleset, path)
    is_restricted = call(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0)) == 0
    os.close(ruleset)
    return is_restricted


def _needed() -> Iterator[Path]:
    """Yield what is read while libraries are loaded, which is done when it is known which."""
    yield Path(os.__file__).parent
    for path in map(Path, sys.path):
        if path.is_absolute() and not _PROGRAM.is_relative_to(path):
            yield path
    yield from (_PROGRAM / it for it in _OWN_CODE)
    yield from map(Path, (*_SYSTEM, *FONTS))
    yield from (Path(str(it)) for it in mimetypes.knownfiles)


def _allow(ruleset: int, path: Path) -> None:
    with suppress(OSError):  # not every system has all of them
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = _READ_FILE | (_READ_DIR if path.is_dir() else 0)
        rule = _PathBeneath(allowed, parent)
        call(
            _ADD_RULE,
            ctypes.c_int(ruleset),
            ctypes.c_int(_PATH_BENEATH),
            ctypes.byref(rule),
            ctypes.c_uint32(0),
        )
        os.close(parent)
