"""What of this program is on the disk is for its own user alone, also what was there before."""

from pathlib import Path

from common.files.owner_only import close_to_others, make_all_private
from settings import Settings


def keep_private(settings: Settings, session_files: Path) -> None:
    """Close the data folder, the accounts, and the folder of sessions' files to everybody else.

    Database and storage see to theirs, wherever they are.
    """
    make_all_private()
    data = settings.data_path
    close_to_others(data, settings.users_path, session_files)
    close_to_others(*(path for path in data.iterdir() if path.is_file()))
