"""The routes by which a person sees and changes what they always want."""

from collections.abc import Callable
from typing import Any

from chainlit.server import UserParam
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, JsonValue

from access.guard import owners
from chat.options import Options
from chat.preferences import (
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_BYTES,
    MOST_PROMPTS,
    PLACES,
    PreferenceRefused,
    checked,
)
from chat.wording.commands import taken_names
from chat.wording.settings_panel import (
    INSTRUCTIONS,
    LABELS,
    SHORTEST_ANSWER,
    instructed,
    temperatures,
)
from datalayer.errors import WriteRefused
from datalayer.layer import KeepchatDataLayer

PATH = "/keepchat/preferences"

Json = dict[str, Any]


class ChangedPreferences(BaseModel):
    """What somebody changes, by name; null for what is to be as it is by default."""

    changed: dict[str, JsonValue]


def preferences_router(
    layer: KeepchatDataLayer, options: Callable[[], Options], prefix: str
) -> APIRouter:
    """Return the routes; each is about whoever asks, and nobody else.

    `options` returns those of the code that is loaded.
    """
    router = APIRouter(prefix=prefix, include_in_schema=False)

    @router.get(PATH)
    async def get_preferences(user: UserParam) -> Json:
        asker = owners.signed_in(user)
        return {**_offered(options()), "kept": await layer.get_preferences(asker.identifier)}

    @router.put(PATH)
    async def put_preferences(given: ChangedPreferences, user: UserParam) -> Json:
        asker, offered = owners.signed_in(user).identifier, options()
        try:
            changed = checked(
                given.changed,
                await layer.get_preferences(asker),
                models=offered.models.names,
                longest_answer=offered.longest_answer,
            )
            await layer.save_preferences(asker, changed)
        except PreferenceRefused as exc:
            raise HTTPException(422, exc.sentence.of_request()) from exc
        except WriteRefused as exc:
            raise owners.missing() from exc
        offered.tell(asker)
        return {"kept": await layer.get_preferences(asker)}

    return router


def _offered(options: Options) -> Json:
    """Return what there is to choose, what is chosen by default, and the limits."""
    default = instructed(options.generation, INSTRUCTIONS.of_request())
    labels = temperatures(default.temperature, LABELS.of_request().own)
    return {
        "models": options.models.names,
        "commands": sorted(taken_names()),
        "temperatures": [{"value": value, "label": label} for label, value in labels.items()],
        "default": {
            "system_prompt": default.system_prompt,
            "answer_tokens": min(default.answer_tokens, options.longest_answer),
            "temperature": default.temperature,
            "model": options.models.default.name,
        },
        "limits": {
            "characters": LONGEST_TEXT,
            "name": LONGEST_NAME,
            "prompts": MOST_PROMPTS,
            "places": PLACES,
            "bytes": MOST_BYTES,
            "least_tokens": SHORTEST_ANSWER,
            "most_tokens": options.longest_answer,
        },
    }
