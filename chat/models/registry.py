"""Which models answer: those that are set, else an Ollama on this machine, else the built-in."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

import httpx2

from chat.models import built_in
from chat.models.base import Model
from chat.models.endpoint import Endpoint
from chat.models.openai_model import OpenAIModel

logger = logging.getLogger(__name__)

DEFAULT_MODEL = "gpt-4.1-mini"
PROBE_TIMEOUT_S = 1.0


class NoModel(Exception):
    """No model is set and none was found; the message says what to set."""


class Origin(Enum):
    """How the models were found."""

    SETTINGS = auto()
    OLLAMA = auto()
    BUILT_IN = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSettings:
    """What the settings say about models. `endpoint` holds what all of them have in common."""

    endpoint: Endpoint
    names: Sequence[str] = ()
    ollama_url: str = ""
    local: bool = False
    """An Ollama or the built-in model will do."""


class Models:
    """The models that answer, the first by default, and how they were found."""

    def __init__(self, models: Iterable[Model], origin: Origin = Origin.SETTINGS) -> None:
        self._models = {model.name: model for model in models}
        self.origin = origin

    @property
    def names(self) -> list[str]:
        """The names of all models; users choose among them where there are several."""
        return list(self._models)

    @property
    def default(self) -> Model:
        """The model for whoever has chosen none."""
        return next(iter(self._models.values()))

    def find(self, name: str | None) -> Model | None:
        """Return the model with this name, None when it is not or no longer there."""
        return self._models.get(name or "")

    def of_profile(self, profile: str | None) -> Model:
        """Return the model that a chat profile names, the default where there is no such model."""
        return self.find(profile) or self.default

    async def start(self) -> None:
        """Begin to load what answering needs."""
        for model in self._models.values():
            await model.start()

    async def close(self) -> None:
        """Close every connection that was opened."""
        for model in self._models.values():
            await model.close()


def find_models(settings: ModelSettings) -> Models:
    """Return the models to use. Raises `NoModel`."""
    endpoint = settings.endpoint
    if endpoint.azure_version:
        return _deployments(settings)
    if endpoint.api_key or endpoint.base_url:
        names = settings.names or [_only_model(endpoint) if endpoint.base_url else DEFAULT_MODEL]
        return _remote(replace(endpoint, api_key=endpoint.api_key or "none"), names)
    if settings.local and settings.ollama_url and (names := _ollama_models(settings)):
        ollama = replace(endpoint, api_key="ollama", base_url=f"{settings.ollama_url}/v1")
        return _remote(ollama, names, Origin.OLLAMA)
    if settings.local and (weights := built_in.weights()):
        return _built_in(weights)
    message = "OPENAI_API_KEY: no model is set. Set it, or OPENAI_BASE_URL, in .env"
    raise NoModel(
        f"{message}, or type 'make run', which installs a demo model."
        if settings.local
        else f"{message}."
    )


def _built_in(weights: Path) -> Models:
    if error := built_in.load_error():
        message = (
            "OPENAI_API_KEY: no model is set, and the built-in one cannot be loaded "
            f"({error}). Set it in .env, or on Debian or Ubuntu run 'apt-get install libgomp1'."
        )
        raise NoModel(message)
    return Models([built_in.DemoModel(weights)], Origin.BUILT_IN)


def _deployments(settings: ModelSettings) -> Models:
    if not settings.names:
        message = "OPENAI_MODEL: Azure OpenAI needs the name of a deployment. Set it in .env."
        raise NoModel(message)
    if not settings.endpoint.api_key:
        message = "AZURE_OPENAI_API_KEY: AZURE_OPENAI_ENDPOINT needs a key. Set it in .env."
        raise NoModel(message)
    return _remote(settings.endpoint, settings.names)


def _remote(endpoint: Endpoint, names: Iterable[str], origin: Origin = Origin.SETTINGS) -> Models:
    return Models((OpenAIModel(replace(endpoint, model=name)) for name in names), origin)


def _only_model(endpoint: Endpoint) -> str:
    """Return the first model that a server lists, for servers that have but one."""
    base = endpoint.base_url or ""
    models = _list_models(base, endpoint.api_key) or _list_models(f"{base}/v1", endpoint.api_key)
    if models:
        return models[0]
    if why := _why_unreachable(base):
        message = (
            f"OPENAI_BASE_URL: {base} cannot be reached ({why}). Correct it, or start its server; "
            "or name OPENAI_MODEL, and the chat starts without it."
        )
        raise NoModel(message)
    message = "OPENAI_MODEL: the server at OPENAI_BASE_URL lists no model. Name one in .env."
    raise NoModel(message)


def _why_unreachable(base_url: str) -> str | None:
    try:
        httpx2.head(base_url, timeout=PROBE_TIMEOUT_S)
    except httpx2.TransportError as exc:
        return str(exc) or type(exc).__name__
    return None


def _ollama_models(settings: ModelSettings) -> list[str]:
    """Return those of the named models that are there; the first one where none is named."""
    found = _list_models(f"{settings.ollama_url}/v1")
    if not settings.names:
        return found[:1]
    matches = {name: _match(name, found) for name in settings.names}
    if absent := [name for name, match in matches.items() if not match]:
        logger.warning("Ollama has no %s: run 'ollama pull' or change it", ", ".join(absent))
    return [match for match in matches.values() if match]


def _match(name: str, found: Sequence[str]) -> str | None:
    """Return the model that is meant; a name without a tag means any of that name."""
    if name in found or ":" in name:
        return name if name in found else None
    return next((one for one in found if one.split(":")[0] == name), None)


def _list_models(base_url: str, api_key: str = "") -> list[str]:
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        reply = httpx2.get(
            f"{base_url.rstrip('/')}/models", headers=headers, timeout=PROBE_TIMEOUT_S
        )
        return [str(entry["id"]) for entry in reply.raise_for_status().json()["data"] or []]
    except (httpx2.HTTPError, ValueError, KeyError, TypeError):
        return []
