"""No calls but those that reading needs: a filter that the kernel asks before each (Linux 3.17).

It refuses by name what reaches out: a list of what is allowed would have to know all that C
libraries of all versions call.
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterator

from chat.attachments.reading.walls.numbers import MACHINES, Machine
from common.processes.kernel import control

_PR_SET_SECCOMP, _FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
# Where the filter finds things: the call's number, the machine, and the low half of an argument.
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16
_OTHER_NUMBERS = 0x40000000  # those of 32 bits on x86-64
_THREAD = 0x00010000  # CLONE_THREAD
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_Step = tuple[int, int, int, int]  # what is done, how many steps are left out if so, if not, with


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def restrict() -> bool:
    """Refuse all that reaches out; returns whether the kernel sees to it."""
    machine = MACHINES.get(platform.machine())
    if machine is None or sys.maxsize < 2**32:
        return False
    packed = b"".join(struct.pack("=HBBI", *step) for step in _steps(machine))
    program = _Filter(len(packed) // 8, packed)
    return control(_PR_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(program))


def _steps(machine: Machine) -> Iterator[_Step]:
    yield _LOAD, 0, 0, _MACHINE
    yield _EQUAL, 1, 0, machine.audit
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NUMBER
    yield _AT_LEAST, 0, 1, _OTHER_NUMBERS
    yield _RETURN, 0, 0, _KILL
    for number in machine.refused:
        yield from _refuse(number, _EPERM)
    for number in machine.unknown:
        yield from _refuse(number, _ENOSYS)
    for number, argument in machine.opening:
        yield from _refuse_by(number, argument, _TO_WRITE, where_set=True)
    yield from _refuse_by(machine.clone, 0, _THREAD, where_set=False)
    yield _RETURN, 0, 0, _ALLOW


def _refuse(number: int, error: int) -> Iterator[_Step]:
    yield _EQUAL, 0, 1, number
    yield _RETURN, 0, 0, _ERROR | error


def _refuse_by(number: int, argument: int, bits: int, *, where_set: bool) -> Iterator[_Step]:
    """Refuse a call where any of the bits is set in an argument, or where none is."""
    yield _EQUAL, 0, 4, number
    yield _LOAD, 0, 0, _ARGUMENTS + 8 * argument
    yield _ANY_BIT, int(not where_set), int(where_set), bits
    yield _RETURN, 0, 0, _ERROR | _EPERM
    yield _LOAD, 0, 0, _NUMBER
