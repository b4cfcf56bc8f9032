"""Chat settings become generation settings, whatever a browser sends."""

from typing import Any

import pytest
from chainlit.input_widget import Select, Slider

from chat.models.base import GenerationSettings
from chat.models.endpoint import Endpoint
from chat.models.openai_model import OpenAIModel
from chat.wording.settings_panel import SHORTEST_ANSWER, generation_from, widgets

DEFAULT = GenerationSettings(system_prompt="Be kind.", answer_tokens=4_000, temperature=0.5)
MODEL = OpenAIModel(Endpoint(model="m", api_key="k", context_tokens=10_000))


@pytest.mark.parametrize("nothing", [None, {}, {"other": 1}])
def test_what_is_not_said_is_as_by_default(nothing: dict[str, Any] | None) -> None:
    assert generation_from(nothing, DEFAULT) == DEFAULT


def test_what_is_said_counts() -> None:
    said = {"system_prompt": "", "answer_tokens": 128.0, "temperature": "1.3"}
    assert generation_from(said, DEFAULT) == GenerationSettings(answer_tokens=128, temperature=1.3)
    assert generation_from({"temperature": "own"}, DEFAULT).temperature is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": "hot"},
        {"temperature": "9"},
        {"temperature": None},
        {"temperature": "nan"},
        {"answer_tokens": "many"},
        {"answer_tokens": float("inf")},
        {"system_prompt": 7},
    ],
)
def test_a_value_that_is_none_counts_as_not_said(wrong: dict[str, Any]) -> None:
    assert generation_from(wrong, DEFAULT) == DEFAULT


def test_an_answer_has_a_least_length() -> None:
    assert generation_from({"answer_tokens": -5}, DEFAULT).answer_tokens == SHORTEST_ANSWER


@pytest.mark.parametrize("temperature", [None, 0.0, 0.45, 0.5, 2.0])
def test_the_panel_shows_the_settings_and_gives_them_back(temperature: float | None) -> None:
    generation = GenerationSettings(
        system_prompt="Be brief.", answer_tokens=1_000, temperature=temperature
    )
    panel = {widget.id: widget for widget in widgets(generation, MODEL)}
    select = panel["temperature"]
    assert isinstance(select, Select)
    assert select.initial in select.items.values()
    assert (
        generation_from({name: widget.initial for name, widget in panel.items()}, DEFAULT)
        == generation
    )


def test_the_panel_stays_within_what_the_model_can() -> None:
    generation = GenerationSettings(answer_tokens=9_000)
    slider = next(widget for widget in widgets(generation, MODEL) if isinstance(widget, Slider))
    assert slider.initial == slider.max == MODEL.longest_answer == 5_000
