"""Where the sidebar lists a thread, as its metadata say. Pure.

A thread is in one section: in the main list, in a folder of its user's or, wherever else it would
be, in the archive. Within its section a pinned one comes first. A folder is there as long as a
thread is in it.
"""

from collections.abc import Mapping
from typing import Any

PINNED, ARCHIVED, FOLDER = "pinned", "archived", "folder"
PLACEMENT = (PINNED, ARCHIVED, FOLDER)
"""The keys of a thread's metadata that place it."""

MAIN, ARCHIVE = "", "archive"
LONGEST_FOLDER = 100  # characters of a name

_FOLDER = "folder/"


def section_of(metadata: Mapping[str, Any]) -> str:
    """Return the section that a thread is in."""
    if metadata.get(ARCHIVED) is True:
        return ARCHIVE
    folder = folder_of(metadata)
    return section_of_folder(folder) if folder else MAIN


def is_pinned(metadata: Mapping[str, Any]) -> bool:
    """Tell whether a thread is pinned."""
    return metadata.get(PINNED) is True


def folder_of(metadata: Mapping[str, Any]) -> str | None:
    """Return the folder of a thread, also of an archived one; None for none."""
    name = metadata.get(FOLDER)
    return folder_name(name) if isinstance(name, str) else None


def folder_name(text: str) -> str | None:
    """Return a text as the name of a folder: one line, not too long; None where nothing is left."""
    return " ".join(text.split())[:LONGEST_FOLDER].strip() or None


def section_of_folder(name: str) -> str:
    """Return the section that a folder is."""
    return _FOLDER + name


def folder_of_section(section: str) -> str | None:
    """Return the folder that a section is; None for another section."""
    return section.removeprefix(_FOLDER) if section.startswith(_FOLDER) else None


def in_order(folders: list[str]) -> list[str]:
    """Return names of folders in the order in which people read them."""
    return sorted(folders, key=lambda name: (name.casefold(), name))
