"""Names that are nearly those of settings, and which were meant."""

import re
from collections.abc import Collection

from common.configuration.misspelt import most_alike, nearest

# Names that other programs, or older ones, have for one of ours; told where ours is not given.
ELSEWHERE = {
    **dict.fromkeys(
        ("OPENAI_API_BASE", "OPENAI_BASE", "OPENAI_API_URL", "OPENAI_URL", "OPENAI_API_HOST"),
        "OPENAI_BASE_URL",
    ),
    **dict.fromkeys(("OPENAI_KEY", "OPENAI_TOKEN"), "OPENAI_API_KEY"),
    **dict.fromkeys(("OPENAI_MODEL_NAME", "OPENAI_API_MODEL"), "OPENAI_MODEL"),
    **dict.fromkeys(("AZURE_OPENAI_API_BASE", "AZURE_OPENAI_BASE_URL"), "AZURE_OPENAI_ENDPOINT"),
    "AZURE_OPENAI_KEY": "AZURE_OPENAI_API_KEY",
}
# The same, of names so common that they count in `.env` alone.
COMMON = {
    **dict.fromkeys(("DB_URL", "DATABASE_URI", "DATABASE", "POSTGRES_URL"), "DATABASE_URL"),
    **dict.fromkeys(("MODEL", "MODEL_NAME", "LLM_MODEL"), "OPENAI_MODEL"),
    **dict.fromkeys(("S3_BUCKET", "STORAGE"), "STORAGE_URL"),
    **dict.fromkeys(("OLLAMA_HOST", "OLLAMA_BASE_URL"), "OLLAMA_URL"),
    **dict.fromkeys(("LOG_LEVEL", "LOGLEVEL", "LOGGING_LEVEL"), "LOG_DEBUG"),
    **dict.fromkeys(("DATA_DIRECTORY", "DATA_PATH", "DATA_FOLDER"), "DATA_DIR"),
    **dict.fromkeys(("MAX_UPLOAD_MB", "UPLOAD_LIMIT_MB", "MAX_FILE_SIZE"), "UPLOAD_MAX_MB"),
    "PORT": "CHAINLIT_PORT",
    "HOST": "CHAINLIT_HOST",
    "ROOT_PATH": "CHAINLIT_ROOT_PATH",
    "AUTH_SECRET": "CHAINLIT_AUTH_SECRET",
}
# Names of others' that differ little from one of ours.
_OTHERS = re.compile(
    r"(S3|POSTGRES|COMPOSE|AZURITE)_.*|AWS_ENDPOINT_URL_.*|AWS_(ACCESS|SECRET)_KEY|OLLAMA_MODELS|"
    r"AWS_DEFAULT_PROFILE|OPENAI_(API_TYPE|API_VERSION|ORG_ID)|DATABASE_URI|"
    r"CHAINLIT_(AUTH_COOKIE_PATH|ENV_FILE)"
)

_BEFORE = re.compile(r"\A(?:KEEPCHAT_|\$ENV:)")  # as others have their own name, or PowerShell's


def meant(name: str, known: Collection[str], *, is_filed: bool) -> str | None:
    """Return which of the known names was meant by another one, if any; guess more in `.env`."""
    if found := ELSEWHERE.get(name) or (COMMON.get(name) if is_filed else None):
        return found
    if _OTHERS.fullmatch(name):
        return None
    if (bare := _BEFORE.sub("", name)) != name and bare in known:
        return bare
    if found := nearest(name, known):
        return found
    return (_elsewhere(name) or most_alike(name, known)) if is_filed else None


def _elsewhere(name: str) -> str | None:
    """Return what was meant by a name that is nearly one that others have."""
    others = ELSEWHERE | COMMON
    found = nearest(name, others)
    return others[found] if found else None
