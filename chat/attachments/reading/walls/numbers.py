"""The numbers of the kernel's calls, by machine; `include/uapi/asm-generic/unistd.h` and `x86`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A kind of processor: its mark, and the numbers of calls.

    `opening` are calls that open a file, with the place of the argument that says what for;
    `unknown` those whose arguments a filter cannot see: libraries then take the older ones.
    """

    audit: int
    refused: Sequence[int]
    opening: Sequence[tuple[int, int]]
    clone: int
    unknown: Sequence[int] = (435, 437)  # clone3, openat2


# From here on all machines have the same.
_COMMON = (
    *(424, 434, 438, 440, 448),  # pidfd_*, process_madvise, process_mrelease
    *(425, 426, 427),  # io_uring
    *(428, 429, 430, 431, 432, 433, 442),  # mounts
    *(452, 463, 466),  # rights and attributes of files
)
MACHINES: Mapping[str, Machine] = {
    "x86_64": Machine(
        audit=0xC000003E,
        clone=56,
        opening=((2, 1), (257, 2)),  # open, openat
        refused=(
            *(41, 42, 43, 44, 46, 49, 50, 53, 288, 307),  # sockets
            *(57, 58, 59, 322),  # fork, vfork, exec
            *(62, 129, 200, 234, 297),  # signals
            *(101, 310, 311, 312, 302),  # ptrace, memory of processes, kcmp, prlimit
            *(141, 142, 144, 203, 314, 251, 256, 279),  # scheduling and memory of others
            *(76, 82, 83, 84, 85, 86, 87, 88, 133),  # files by name
            *(258, 259, 263, 264, 265, 266, 316),  # the same by folder
            *(90, 91, 92, 93, 94, 260, 268),  # their rights and owners
            *(132, 235, 261, 280, 188, 189, 190, 197, 198, 199),  # their times and attributes
            *(29, 30, 64, 68, 240),  # shared memory, semaphores, queues
            *(155, 161, 165, 166, 272, 308, 303, 304),  # roots, mounts, namespaces, handles
            *(163, 167, 168, 169, 175, 176, 246, 313, 320),  # the machine itself
            *(248, 249, 250, 298, 321, 323),  # keys, perf, bpf, userfaultfd
            *_COMMON,
        ),
    ),
    "aarch64": Machine(
        audit=0xC00000B7,
        clone=220,
        opening=((56, 2),),  # openat
        refused=(
            *(198, 199, 200, 201, 202, 203, 206, 211, 242, 269),  # sockets
            *(221, 281),  # exec
            *(129, 130, 131, 138, 240),  # signals
            *(117, 270, 271, 272, 261),  # ptrace, memory of processes, kcmp, prlimit
            *(140, 118, 119, 122, 274, 30, 238, 239),  # scheduling and memory of others
            *(33, 34, 35, 36, 37, 38, 45, 276),  # files by name
            *(52, 53, 54, 55),  # their rights and owners
            *(88, 5, 6, 7, 14, 15, 16),  # their times and attributes
            *(194, 196, 190, 186, 180),  # shared memory, semaphores, queues
            *(39, 40, 41, 51, 97, 268, 264, 265),  # roots, mounts, namespaces, handles
            *(89, 104, 105, 106, 142, 224, 225, 273, 294),  # the machine itself
            *(217, 218, 219, 241, 280, 282),  # keys, perf, bpf, userfaultfd
            *_COMMON,
        ),
    ),
}
