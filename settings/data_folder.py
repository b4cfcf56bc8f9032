"""The data folder, and what lies where in it."""

import sys
from pathlib import Path
from tempfile import TemporaryFile

from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[1]


class DataFolder(BaseModel):
    """Where the program keeps what is its own."""

    data_dir: Path = Path("data")

    @property
    def data_path(self) -> Path:
        """The data folder, absolute."""
        return ROOT / self.data_dir

    @property
    def journal_path(self) -> Path:
        """The folder of what was accepted while the database was away, absolute."""
        return self.data_path / "journal"

    @property
    def dead_letters_path(self) -> Path:
        """The folder of what no database takes, absolute."""
        return self.journal_path.with_name("dead_letters")

    @property
    def spool_path(self) -> Path:
        """The folder of files that were accepted while their storage was away, absolute."""
        return self.data_path / "spool"

    @property
    def readings_path(self) -> Path:
        """The folder of what was read of attached files."""
        return self.data_path / "readings"

    @property
    def session_files_path(self) -> Path:
        """The folder of files that wait for their message, absolute."""
        return self.data_path / "session_files"


def prepare_data_dir(settings: DataFolder) -> None:
    """Make the data folder, for its owner only; stops the program when it cannot be used."""
    path, what = settings.data_path, "made"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        what = "written to"
        with TemporaryFile(dir=path):
            pass
    except OSError as exc:
        sys.exit(f"DATA_DIR: {path} cannot be {what} ({exc.strerror}). Name another.")
