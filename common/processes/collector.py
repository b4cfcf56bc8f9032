"""Python's garbage collector while a program is imported, which is no garbage.

To look for some again and again took a quarter of the start.
"""

import gc


def pause() -> bool:
    """Turn it off, at the first load; tell whether it was done."""
    is_first = gc.isenabled() and not gc.get_freeze_count()
    if is_first:
        gc.disable()
    return is_first


def resume() -> None:
    """Turn it on, and never look through what there is by now."""
    gc.freeze()
    gc.enable()
