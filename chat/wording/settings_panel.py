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

PERSONAL = ("about_user", "answer_style")
NAMES = (*PERSONAL, "system_prompt", "temperature", "answer_tokens")  # of what can be chosen
SHORTEST_ANSWER = 64  # tokens
STEP = 64
OWN = "own"  # the model's own temperature; an empty value the page would take for none
TEMPERATURES = (0.0, 0.3, 0.5, 0.7, 1.0, 1.3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """What the panel says."""

    about_user: str
    about_about_user: str
    style: str
    about_style: str
    instructions: str
    about_instructions: str
    temperature: str
    about_temperature: str
    own: str
    longest: str
    about_longest: str


INSTRUCTIONS = Localized(
    en="You are a helpful assistant. Answer in the language of the question.",
    zh="你是一个乐于助人的助手。请用提问所用的语言回答。",
)
"""What the assistant is told where nobody has chosen anything else: SYSTEM_PROMPT by default."""

LABELS = Localized(
    en=Labels(
        about_user="What it should know about you",
        about_about_user="Who you are, what you do, what it should bear in mind.",
        style="How it should answer",
        about_style="How long, in which tone and form.",
        instructions="Instructions",
        about_instructions="What the assistant is told at the start of this conversation.",
        temperature="Temperature",
        about_temperature="Low answers soberly, high with more variety.",
        own="The model's own",
        longest="Longest answer",
        about_longest="In tokens; a page of English has about 700.",
    ),
    zh=Labels(
        about_user="助手应了解您的哪些情况",
        about_about_user="您是谁、做什么、有什么需要注意。",
        style="助手应如何回答",
        about_style="篇幅、语气和形式。",
        instructions="指令",
        about_instructions="本次对话开始时告诉助手的内容。",
        temperature="温度",
        about_temperature="低则回答稳重，高则更多变化。",
        own="模型默认",
        longest="最长回答",
        about_longest="以词元计；一页中文约有 1,000 个。",
    ),
)

ABOUT_USER = Localized(
    en="What the user says about themselves:\n{text}", zh="用户的自我介绍：\n{text}"
)
ANSWER_STYLE = Localized(
    en="How the user wants to be answered:\n{text}", zh="用户希望得到怎样的回答：\n{text}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Personal:
    """What a person wants the assistant to know of them, and to heed."""

    about_user: str = ""
    answer_style: str = ""


async def send_panel(models: Models, default: GenerationSettings) -> None:
    """Send the page its panel, as the session's model and chat settings have it."""
    session = cl.context.session
    model = models.of_profile(session.chat_profile)
    generation = generation_from(session.chat_settings, of_reader(default))
    personal = personal_from(session.chat_settings)
    await cl.ChatSettings(widgets(generation, model, LABELS.of_session(), personal)).send()


def of_reader(default: GenerationSettings) -> GenerationSettings:
    """Return how to answer by default, in the reader's language unless set."""
    return instructed(default, INSTRUCTIONS.of_session())


def instructed(default: GenerationSettings, instructions: str) -> GenerationSettings:
    """Return how to answer by default, with these instructions unless others are set."""
    if default.system_prompt != INSTRUCTIONS.en:
        return default
    return replace(default, system_prompt=instructions)


def personal_from(chat_settings: Mapping[str, Any] | None) -> Personal:
    """Return what chat settings say of a person; what is no text counts as not said."""
    values = chat_settings or {}
    said = {name: values[name] for name in PERSONAL if isinstance(values.get(name), str)}
    return Personal(**said)


def with_personal(generation: GenerationSettings, personal: Personal) -> GenerationSettings:
    """Return the settings with what a person says of themselves put after the instructions."""
    about, style = personal.about_user.strip(), personal.answer_style.strip()
    parts = [
        generation.system_prompt,
        about and ABOUT_USER.filled(text=about).of_session(),
        style and ANSWER_STYLE.filled(text=style).of_session(),
    ]
    return replace(generation, system_prompt="\n\n".join(part for part in parts if part))


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


def temperature_of(value: object) -> str | None:
    """Return a temperature as the panel names it; None for what is none."""
    unknown = GenerationSettings(temperature=-1)
    found = _temperature(value, unknown)
    return None if found == unknown.temperature else _item(found)


def temperatures(current: float | None, own: str) -> dict[str, str]:
    """Return what there is to choose, with what is chosen: its name by what is shown."""
    known = {*TEMPERATURES, *([] if current is None else [current])}
    return {own: OWN, **{_item(each): _item(each) for each in sorted(known)}}


def widgets(
    generation: GenerationSettings,
    model: Model,
    labels: Labels = LABELS.en,
    personal: Personal = Personal(),
) -> list[InputWidget]:
    """Return the panel's widgets, filled as these settings say, within what the model can."""
    return [
        _text("about_user", labels.about_user, labels.about_about_user, personal.about_user),
        _text("answer_style", labels.style, labels.about_style, personal.answer_style),
        _text(
            "system_prompt",
            labels.instructions,
            labels.about_instructions,
            generation.system_prompt,
        ),
        Select(
            id="temperature",
            label=labels.temperature,
            description=labels.about_temperature,
            items=temperatures(generation.temperature, labels.own),
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


def _text(name: str, label: str, description: str, initial: str) -> TextInput:
    return TextInput(id=name, label=label, description=description, initial=initial, multiline=True)


def _item(temperature: float | None) -> str:
    return OWN if temperature is None else f"{temperature:g}"
