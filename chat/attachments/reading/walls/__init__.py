"""What the reading process is kept from by the kernel, before it looks at its file. See ADR 19.

Linux alone; each wall stands by itself, and where one is missing the others still do. There is no
library that is kept up for this, so the kernel is called by ctypes.
"""

from chat.attachments.reading.walls import landlock, seccomp
from common.processes.kernel import give_up_rights, hide

FILES, NETWORK, PROCESSES, WRITING = "files", "network", "processes", "writing"
ALL = (FILES, NETWORK, PROCESSES, WRITING)


def close() -> tuple[str, ...]:
    """Close all walls that this system has, for ever, and return which stand.

    FILES: nothing can be read but the interpreter, its libraries and this program's own code.
    NETWORK: no socket can be made. PROCESSES: none can be begun, looked into or ended. WRITING: no
    file can be opened to be written, nor made, renamed, removed or given other rights.
    """
    if not (hide() and give_up_rights()):
        return ()
    files = landlock.restrict()
    calls = seccomp.restrict()
    standing = {FILES: files, NETWORK: calls, PROCESSES: calls, WRITING: calls}
    return tuple(wall for wall in ALL if standing[wall])
