"""What a program keeps for itself, which matters where several run on one database."""

import logging
from collections.abc import Iterator

from access.login.accounts import users_file
from settings import Settings

logger = logging.getLogger("keepchat.replicas")

ADVICE = "docs/replicas.md says what they have to share."


def splitting(settings: Settings) -> Iterator[str]:
    """Yield what makes several programs several chats, unless they share DATA_DIR: a sentence for
    each. Looks at the disk.
    """
    if settings.storage.startswith("file:"):
        where = settings.storage.partition(":")[2]
        yield f"Files lie in the folder {where}: set STORAGE_URL to a bucket, or mount it in all."
    if settings.chainlit_auth_secret is None:
        yield (
            f"Logins are signed by the secret in {settings.data_path}: set CHAINLIT_AUTH_SECRET, "
            "the same for all."
        )
    if settings.auth_mode == "local":
        yield f"AUTH_MODE=local lets in by the token in {settings.data_path}: choose another."
    elif users_file.waits(settings.users_path):
        yield f"The accounts of {settings.users_path} are not in the database yet."


def kept(settings: Settings) -> str:
    """Return what each keeps for itself anyway."""
    return (
        "What is accepted while the database or the storage is away waits here, in journal and "
        f"spool in {settings.data_path}: keep that folder."
    )


def tell_kept_apart(settings: Settings) -> None:
    """Log what this program keeps for itself, now that another one runs on its database."""
    logger.info("Another program runs on the same database. %s", kept(settings))
    if split := " ".join(splitting(settings)):
        logger.warning("This program shares its database, and not all else: %s %s", split, ADVICE)
