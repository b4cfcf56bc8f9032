"""Which models answer: those that are set, else an Ollama on this machine, else the built-in."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import httpx2

from chat.models import built_in
from chat.models.base import Endpoint, Model, RemoteModel
from chat.wording import notice
from chat.wording.notice import Notice

logger = logging.getLogger(__name__)

DEFAULT_MODEL = "gpt-4.1-mini"
PROBE_TIMEOUT_S = 1.0


class NoModel(Exception):
    """No model is set and none was found; the message says what to set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the settings say about models. `endpoint` holds what all of them have in common."""

    endpoint: Endpoint
    names: Sequence[str] = ()
    ollama_url: str = ""
    local: bool = False
    """An Ollama or the built-in model will do."""


class Models:
    """The models that answer, the first by default, and what the page says about them."""

    def __init__(self, models: Iterable[Model], notice: Notice | None = None) -> None:
        self._models = {model.name: model for model in models}
        self.notice = notice

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

    async def start(self) -> None:
        """Begin to load what answering needs."""
        for model in self._models.values():
            await model.start()

    async def close(self) -> None:
        """Close every connection that was opened."""
        for model in self._models.values():
            await model.close()


def choose(wanted: Wanted) -> Models:
    """Return the models to use. Raises `NoModel`."""
    endpoint = wanted.endpoint
    if endpoint.azure_version:
        return _deployments(wanted)
    if endpoint.api_key or endpoint.base_url:
        names = wanted.names or [_only_model(endpoint) if endpoint.base_url else DEFAULT_MODEL]
        return _remote(replace(endpoint, api_key=endpoint.api_key or "none"), names)
    if wanted.local and wanted.ollama_url and (names := _ollama_models(wanted)):
        ollama = replace(endpoint, api_key="ollama", base_url=f"{wanted.ollama_url}/v1")
        return _remote(ollama, names, notice.ollama(names[0]))
    if wanted.local and (weights := built_in.weights()):
        return Models([built_in.DemoModel(weights)], notice.DEMO)
    message = "OPENAI_API_KEY: no model is set. Set it, or OPENAI_BASE_URL, in .env"
    raise NoModel(
        f"{message}, or type 'make run', which installs a demo model."
        if wanted.local
        else f"{message}."
    )


def _deployments(wanted: Wanted) -> Models:
    if not wanted.names:
        message = "OPENAI_MODEL: Azure OpenAI needs the name of a deployment. Set it in .env."
        raise NoModel(message)
    if not wanted.endpoint.api_key:
        message = "AZURE_OPENAI_API_KEY: AZURE_OPENAI_ENDPOINT needs a key. Set it in .env."
        raise NoModel(message)
    return _remote(wanted.endpoint, wanted.names)


def _remote(endpoint: Endpoint, names: Iterable[str], notice: Notice | None = None) -> Models:
    return Models((RemoteModel(replace(endpoint, model=name)) for name in names), notice)


def _only_model(endpoint: Endpoint) -> str:
    """Return the first model that a server lists, for servers that have but one."""
    models = _list_models(endpoint.base_url or "", endpoint.api_key)
    if not models:
        message = "OPENAI_MODEL: the server at OPENAI_BASE_URL lists no model. Name one in .env."
        raise NoModel(message)
    return models[0]


def _ollama_models(wanted: Wanted) -> list[str]:
    """Return those of the wanted models that are there; the first one where none is wanted."""
    found = _list_models(f"{wanted.ollama_url}/v1")
    if not wanted.names:
        return found[:1]
    matches = {want: _match(want, found) for want in wanted.names}
    if absent := [want for want, match in matches.items() if not match]:
        logger.warning("Ollama has no %s: run 'ollama pull' or change it", ", ".join(absent))
    return [name for name in matches.values() if name]


def _match(wanted: str, found: Sequence[str]) -> str | None:
    """Return the model that is meant; a name without a tag means any of that name."""
    if wanted in found or ":" in wanted:
        return wanted if wanted in found else None
    return next((name for name in found if name.split(":")[0] == wanted), None)


def _list_models(base_url: str, api_key: str = "") -> list[str]:
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        reply = httpx2.get(
            f"{base_url.rstrip('/')}/models", headers=headers, timeout=PROBE_TIMEOUT_S
        )
        return [str(entry["id"]) for entry in reply.raise_for_status().json()["data"] or []]
    except (httpx2.HTTPError, ValueError, KeyError, TypeError):
        return []
