"""What the operator commands have in common."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from datalayer.errors import DataLayerError
from storage.errors import StorageError

Subcommands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


@contextmanager
def naming_the_setting(
    database: str = "DATABASE_URL", storage: str = "STORAGE_URL"
) -> Iterator[None]:
    """End the command with a line that names the setting, or the option, of what failed."""
    try:
        yield
    except ValueError as exc:
        sys.exit(f"{exc} See .env.example.")
    except DataLayerError as exc:
        sys.exit(f"{database}: {exc}")
    except StorageError as exc:
        sys.exit(f"{storage}: {exc}")
