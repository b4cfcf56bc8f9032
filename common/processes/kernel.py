"""What Linux does for a process that Python has no function for; elsewhere nothing is done."""

import ctypes
import sys

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38


def call(number: int, *arguments: object) -> int:
    """Make a call by its number; returns -1 where the kernel refuses."""
    return int(_library().syscall(ctypes.c_long(number), *arguments))


def control(option: int, *arguments: object) -> bool:
    """Change something about this process; returns whether the kernel did so."""
    given = (*arguments, *[ctypes.c_ulong(0)] * (4 - len(arguments)))
    return int(_library().prctl(ctypes.c_int(option), *given)) == 0


def hide() -> bool:
    """Let no other process of this user look into this one; returns whether that holds.

    Its environment, memory and open files in `/proc` are root's from now on, no debugger may be
    put to it, and it leaves no core behind.
    """
    return sys.platform == "linux" and control(_PR_SET_DUMPABLE)


def give_up_rights() -> bool:
    """Take no rights from any program that would be run; returns whether that holds."""
    return sys.platform == "linux" and control(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1))


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
