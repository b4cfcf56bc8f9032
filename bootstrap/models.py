"""Models as the settings name them."""

from bootstrap.login import mode_of
from chat.models.base import GenerationSettings
from chat.models.endpoint import Endpoint
from chat.models.registry import Models, ModelSettings, find_models
from settings import Settings


def open_models(settings: Settings) -> Models:
    """Return the models that the settings name. Raises `NoModel`."""
    azure = settings.azure_openai_endpoint
    key = settings.azure_openai_api_key if azure else settings.openai_api_key
    endpoint = Endpoint(
        model="",
        api_key=key.get_secret_value() if key else "",
        base_url=azure or settings.openai_base_url,
        azure_version=settings.azure_openai_api_version if azure else None,
        context_tokens=settings.model_context_tokens,
        timeout_s=settings.model_timeout_s,
        load_timeout_s=settings.model_load_timeout_s,
        wait_s=settings.model_wait_s,
    )
    return find_models(
        ModelSettings(
            endpoint=endpoint,
            names=settings.models,
            ollama_url=settings.ollama_url,
            local=mode_of(settings).is_personal,
        )
    )


def generation_settings(settings: Settings) -> GenerationSettings:
    """Return how to answer where a user has chosen nothing else."""
    return GenerationSettings(
        system_prompt=settings.system_prompt,
        answer_tokens=settings.model_answer_tokens,
        temperature=settings.model_temperature,
    )
