"""Where a model is, and how long it is waited for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where a model is. Tokens are the model's own; times are seconds."""

    model: str
    api_key: str
    base_url: str | None = None
    azure_version: str | None = None
    """The API version where `base_url` is an Azure OpenAI resource and `model` a deployment."""
    context_tokens: int = 16_000
    timeout_s: float = 60.0
    """How long the server may be silent amid an answer."""
    load_timeout_s: float = 300.0
    """How long it may take to begin, while its connection lives."""
    wait_s: float = 120.0
    """How long a server that is busy is waited for."""
    extra_body: Mapping[str, Any] = field(default_factory=dict)
