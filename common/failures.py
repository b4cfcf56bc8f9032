"""What went wrong, in one line of the log."""

from pathlib import PurePath

_SHOWN = 300  # characters


def in_one_line(exc: BaseException) -> str:
    """Return what went wrong and where, without the way there."""
    trace = exc.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = (
        f"{PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    )
    said = " ".join(str(exc).split())[:_SHOWN]
    return f"{type(exc).__name__} at {where}: {said}"
