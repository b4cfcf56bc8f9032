"""The chat settings: how people want to be answered, kept with each conversation."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chainlit.input_widget import InputWidget, Select, Slider, TextInput

from chat.model import Manner, Model

SHORTEST_ANSWER = 64  # tokens
STEP = 64
OWN = "own"  # the model's own temperature; an empty value the page would take for none
TEMPERATURES = (0.0, 0.3, 0.5, 0.7, 1.0, 1.3)


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


def widgets(manner: Manner, model: Model) -> list[InputWidget]:
    """Return the page's form for a manner of this model."""
    return [
        TextInput(
            id="system_prompt",
            label="Instructions",
            description="What the assistant is told before every conversation.",
            initial=manner.system_prompt,
            multiline=True,
        ),
        Select(
            id="temperature",
            label="Temperature",
            description="Low answers soberly, high with more variety.",
            items=_temperatures(manner.temperature),
            initial_value=_value(manner.temperature),
        ),
        Slider(
            id="answer_tokens",
            label="Longest answer",
            description="In tokens; a page of English has about 700.",
            initial=min(manner.answer_tokens, model.longest_answer),
            min=SHORTEST_ANSWER,
            max=model.longest_answer,
            step=STEP,
        ),
    ]


def _temperatures(current: float | None) -> dict[str, str]:
    known = {*TEMPERATURES, *([] if current is None else [current])}
    return {"The model's own": OWN, **{_value(each): _value(each) for each in sorted(known)}}


def _value(temperature: float | None) -> str:
    return OWN if temperature is None else f"{temperature:g}"
