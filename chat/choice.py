"""Which model answers: the one that is set, else an Ollama on this machine, else the built-in."""

from dataclasses import dataclass, replace

import httpx2

from chat import demo, notice
from chat.model import Endpoint, Model, RemoteModel
from chat.notice import Notice

DEFAULT_MODEL = "gpt-4.1-mini"
PROBE_TIMEOUT_S = 1.0


class NoModel(Exception):
    """No model is set and none was found; the message says what to set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelChoice:
    """The model that answers and what the page says about it."""

    model: Model
    notice: Notice | None = None


def choose(
    *,
    api_key: str | None,
    base_url: str | None,
    model: str | None,
    ollama_url: str,
    local: bool,
    manner: Endpoint,
) -> ModelChoice:
    """Return the model to use; `manner` holds limits and manner of asking for real models.

    Raises `NoModel`. An Ollama or the built-in model is taken only where `local` is true.
    """
    if api_key or base_url:
        name = model or (_first_model(base_url, api_key) if base_url else DEFAULT_MODEL)
        key = api_key or "none"
        return ModelChoice(
            model=RemoteModel(replace(manner, model=name, api_key=key, base_url=base_url))
        )
    if local and ollama_url and (found := _ollama_model(ollama_url, model)):
        endpoint = replace(manner, model=found, api_key="ollama", base_url=f"{ollama_url}/v1")
        return ModelChoice(model=RemoteModel(endpoint), notice=notice.ollama(found))
    if local and (weights := demo.weights()):
        return ModelChoice(model=demo.DemoModel(weights), notice=notice.DEMO)
    message = "OPENAI_API_KEY: no model is set. Set it, or OPENAI_BASE_URL, in .env"
    raise NoModel(
        f"{message}, or type 'make run', which installs a demo model." if local else message
    )


def _first_model(base_url: str, api_key: str | None) -> str:
    """Return the first model that a server lists, for servers that have but one."""
    models = _list_models(base_url, api_key)
    if not models:
        message = "OPENAI_MODEL: the server at OPENAI_BASE_URL lists no model. Name one in .env."
        raise NoModel(message)
    return models[0]


def _ollama_model(ollama_url: str, wanted: str | None) -> str | None:
    models = _list_models(f"{ollama_url}/v1", None)
    if wanted:
        return next((name for name in models if name.split(":")[0] == wanted.split(":")[0]), None)
    return models[0] if models else None


def _list_models(base_url: str, api_key: str | None) -> list[str]:
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        reply = httpx2.get(
            f"{base_url.rstrip('/')}/models", headers=headers, timeout=PROBE_TIMEOUT_S
        )
        return [str(entry["id"]) for entry in reply.raise_for_status().json()["data"] or []]
    except (httpx2.HTTPError, ValueError, KeyError, TypeError):
        return []
