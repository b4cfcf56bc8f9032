"""Which models answer, how, and what they are given."""

from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from common.configuration.setting_types import ApiKey, HttpUrl, Names, OpenAIUrl, OptionalHttpUrl

OLLAMA = "http://localhost:11434"
AZURE_VERSION = "2024-10-21"
DEFAULT_PROMPT = "You are a helpful assistant. Answer in the language of the question."


class ModelSettings(BaseModel):
    """The services of models, and answers."""

    openai_api_key: ApiKey | None = None
    openai_base_url: OpenAIUrl | None = None
    openai_model: str | None = None
    openai_models: Names = ()
    azure_openai_endpoint: HttpUrl | None = None
    azure_openai_api_key: ApiKey | None = None
    azure_openai_api_version: str = AZURE_VERSION
    ollama_url: OptionalHttpUrl = OLLAMA

    system_prompt: str = DEFAULT_PROMPT
    model_context_tokens: int = Field(default=16_000, ge=256)
    model_answer_tokens: int = Field(default=4_000, ge=16)
    model_temperature: float | None = Field(default=None, ge=0, le=2)
    model_timeout_s: float = Field(default=60, gt=0)
    model_load_timeout_s: float = Field(default=300, gt=0)
    model_wait_s: float = Field(default=120, ge=0)
    thread_titles: Literal["on", "off"] = "on"
    model_file_tokens: int = Field(default=8_000, ge=100)
    model_image_pixels: int = Field(default=1_568, ge=64, le=8_192)
    attachment_timeout_s: float = Field(default=20, gt=0)

    @model_validator(mode="after")
    def _room_for_a_question(self) -> Self:
        if self.model_answer_tokens >= self.model_context_tokens:
            message = "MODEL_ANSWER_TOKENS has to be smaller than MODEL_CONTEXT_TOKENS"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _one_service(self) -> Self:
        if self.azure_openai_endpoint and self.openai_base_url:
            message = "AZURE_OPENAI_ENDPOINT and OPENAI_BASE_URL name two services: set one of them"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _room_for_files(self) -> Self:
        given = "model_file_tokens" in self.model_fields_set
        if given and self.model_file_tokens > self.model_context_tokens - self.model_answer_tokens:
            message = (
                "MODEL_FILE_TOKENS has to fit into MODEL_CONTEXT_TOKENS beside MODEL_ANSWER_TOKENS"
            )
            raise ValueError(message)
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models, OPENAI_MODEL first; empty where none is named."""
        named = (self.openai_model, *self.openai_models)
        return tuple(dict.fromkeys(name for name in named if name))
