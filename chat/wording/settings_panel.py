"""The chat settings: how people want to be answered, kept with each conversation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chainlit.input_widget import InputWidget, Select, Slider, TextInput

from chat.models.base import Manner, Model
from chat.wording.language import Texts

SHORTEST_ANSWER = 64  # tokens
STEP = 64
OWN = "own"  # the model's own temperature; an empty value the page would take for none
TEMPERATURES = (0.0, 0.3, 0.5, 0.7, 1.0, 1.3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """What the form says."""

    instructions: str
    about_instructions: str
    temperature: str
    about_temperature: str
    own: str
    longest: str
    about_longest: str


LABELS = Texts(
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


def chosen(settings: Mapping[str, Any] | None, default: Manner) -> Manner:
    """Return the manner that chat settings ask for; what they do not tell is as by default.

    They come from a browser or an old conversation: a value that is none counts as not told.
    """
    told = settings or {}
    prompt, tokens = told.get("system_prompt"), told.get("answer_tokens")
    return replace(
        default,
        system_prompt=prompt if isinstance(prompt, str) else default.system_prompt,
        answer_tokens=max(SHORTEST_ANSWER, int(tokens))
        if isinstance(tokens, int | float) and math.isfinite(tokens)
        else default.answer_tokens,
        temperature=_temperature(told.get("temperature"), default),
    )


def _temperature(told: object, default: Manner) -> float | None:
    if told == OWN:
        return None
    try:
        value = float(str(told))
    except ValueError:
        return default.temperature
    return value if 0 <= value <= 2 else default.temperature


def widgets(manner: Manner, model: Model, labels: Labels | None = None) -> list[InputWidget]:
    """Return the page's form for a manner of this model."""
    said = labels or LABELS.en
    return [
        TextInput(
            id="system_prompt",
            label=said.instructions,
            description=said.about_instructions,
            initial=manner.system_prompt,
            multiline=True,
        ),
        Select(
            id="temperature",
            label=said.temperature,
            description=said.about_temperature,
            items=_temperatures(manner.temperature, said.own),
            initial_value=_value(manner.temperature),
        ),
        Slider(
            id="answer_tokens",
            label=said.longest,
            description=said.about_longest,
            initial=min(manner.answer_tokens, model.longest_answer),
            min=SHORTEST_ANSWER,
            max=model.longest_answer,
            step=STEP,
        ),
    ]


def _temperatures(current: float | None, own: str) -> dict[str, str]:
    known = {*TEMPERATURES, *([] if current is None else [current])}
    return {own: OWN, **{_value(each): _value(each) for each in sorted(known)}}


def _value(temperature: float | None) -> str:
    return OWN if temperature is None else f"{temperature:g}"
