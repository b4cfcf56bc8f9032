"""Chainlit's chat settings: how people want to be answered, kept with each conversation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import chainlit as cl
from chainlit.input_widget import InputWidget, Select, Slider, TextInput

from chat.models.base import GenerationSettings, Model
from chat.models.registry import Models
from chat.wording.language import Localized

NAMES = ("system_prompt", "temperature", "answer_tokens")  # of what can be chosen
SHORTEST_ANSWER = 64  # tokens
STEP = 64
OWN = "own"  # the model's own temperature; an empty value the page would take for none
TEMPERATURES = (0.0, 0.3, 0.5, 0.7, 1.0, 1.3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """What the panel says."""

    instructions: str
    about_instructions: str
    temperature: str
    about_temperature: str
    own: str
    longest: str
    about_longest: str


LABELS = Localized(
    en=Labels(
        instructions="Instructions",
        about_instructions="What the assistant is told before every conversation.",
        temperature="Temperature",
        about_temperature="Low answers soberly, high with more variety.",
        own="The model's own",
        longest="Longest answer",
        about_longest="In tokens; a page of English has about 700.",
    ),
    zh=Labels(
        instructions="指令",
        about_instructions="每次对话开始前告诉助手的内容。",
        temperature="温度",
        about_temperature="低则回答稳重，高则更多变化。",
        own="模型默认",
        longest="最长回答",
        about_longest="以词元计；一页中文约有 1,000 个。",
    ),
)


async def send_panel(models: Models, default: GenerationSettings) -> None:
    """Send the page its panel, as the session's model and chat settings have it."""
    session = cl.context.session
    model = models.of_profile(session.chat_profile)
    generation = generation_from(session.chat_settings, default)
    await cl.ChatSettings(widgets(generation, model, LABELS.of_session())).send()


def generation_from(
    chat_settings: Mapping[str, Any] | None, default: GenerationSettings
) -> GenerationSettings:
    """Return how chat settings ask to answer; what they do not say is as by default.

    They come from a browser or an old conversation: a value that is none counts as not said.
    """
    values = chat_settings or {}
    prompt, tokens = values.get("system_prompt"), values.get("answer_tokens")
    return replace(
        default,
        system_prompt=prompt if isinstance(prompt, str) else default.system_prompt,
        answer_tokens=max(SHORTEST_ANSWER, int(tokens))
        if isinstance(tokens, int | float) and math.isfinite(tokens)
        else default.answer_tokens,
        temperature=_temperature(values.get("temperature"), default),
    )


def _temperature(value: object, default: GenerationSettings) -> float | None:
    if value == OWN:
        return None
    try:
        temperature = float(str(value))
    except ValueError:
        return default.temperature
    return temperature if 0 <= temperature <= 2 else default.temperature


def widgets(
    generation: GenerationSettings, model: Model, labels: Labels = LABELS.en
) -> list[InputWidget]:
    """Return the panel's widgets, filled as these settings say, within what the model can."""
    return [
        TextInput(
            id="system_prompt",
            label=labels.instructions,
            description=labels.about_instructions,
            initial=generation.system_prompt,
            multiline=True,
        ),
        Select(
            id="temperature",
            label=labels.temperature,
            description=labels.about_temperature,
            items=_temperatures(generation.temperature, labels.own),
            initial_value=_item(generation.temperature),
        ),
        Slider(
            id="answer_tokens",
            label=labels.longest,
            description=labels.about_longest,
            initial=min(generation.answer_tokens, model.longest_answer),
            min=SHORTEST_ANSWER,
            max=model.longest_answer,
            step=STEP,
        ),
    ]


def _temperatures(current: float | None, own: str) -> dict[str, str]:
    known = {*TEMPERATURES, *([] if current is None else [current])}
    return {own: OWN, **{_item(each): _item(each) for each in sorted(known)}}


def _item(temperature: float | None) -> str:
    return OWN if temperature is None else f"{temperature:g}"
