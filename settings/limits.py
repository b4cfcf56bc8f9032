"""How much may be sent, asked for and used up, and from where."""

from pydantic import BaseModel, Field

from common.configuration.setting_types import FileTypes, Origins


class LimitSettings(BaseModel):
    """Limits of messages, of requests, and of each user."""

    # The socket takes packets of a million bytes, and a character has six at most.
    message_max_characters: int = Field(default=100_000, ge=1_000, le=150_000)
    upload_max_files: int = Field(default=10, ge=1)
    upload_max_mb: int = Field(default=50, ge=1)
    upload_types: FileTypes = "*/*"

    request_max_mb: int = Field(default=4, ge=1)
    request_timeout_s: float = Field(default=20, gt=0)
    request_max_waiting: int = Field(default=256, ge=1)
    shutdown_answers_s: float = Field(default=3, ge=0)
    response_timeout_s: float = Field(default=10, gt=0)
    user_max_answers: int = Field(default=5, ge=1)
    user_max_files: int = Field(default=200, ge=1)
    user_max_files_mb: int = Field(default=1_000, ge=1)
    user_max_temporary_mb: int = Field(default=200, ge=1)
    user_max_copies: int = Field(default=2, ge=1)
    user_max_copies_mb: int = Field(default=1_000, ge=1)
    user_max_searches: int = Field(default=4, ge=1)
    user_max_sessions: int = Field(default=40, ge=1)
    user_max_env_kb: int = Field(default=16, ge=1)
    user_max_settings_kb: int = Field(default=64, ge=1)
    user_max_comment_kb: int = Field(default=16, ge=1)
    user_max_name_kb: int = Field(default=4, ge=1)
    user_max_element_kb: int = Field(default=256, ge=1)
    user_max_events: int = Field(default=40, ge=1)
    allowed_origins: Origins = ()
