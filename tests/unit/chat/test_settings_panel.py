"""Chat settings become a manner of answering, whatever a browser sends."""

from typing import Any

import pytest
from chainlit.input_widget import Select, Slider

from chat.models.base import Endpoint, Manner, RemoteModel
from chat.wording.settings_panel import SHORTEST_ANSWER, chosen, widgets

DEFAULT = Manner(system_prompt="Be kind.", answer_tokens=4_000, temperature=0.5)
MODEL = RemoteModel(Endpoint(model="m", api_key="k", context_tokens=10_000))


@pytest.mark.parametrize("nothing", [None, {}, {"other": 1}])
def test_what_is_not_told_is_as_by_default(nothing: dict[str, Any] | None) -> None:
    assert chosen(nothing, DEFAULT) == DEFAULT


def test_what_is_told_counts() -> None:
    told = {"system_prompt": "", "answer_tokens": 128.0, "temperature": "1.3"}
    assert chosen(told, DEFAULT) == Manner(answer_tokens=128, temperature=1.3)
    assert chosen({"temperature": "own"}, DEFAULT).temperature is None


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
def test_a_value_that_is_none_counts_as_not_told(wrong: dict[str, Any]) -> None:
    assert chosen(wrong, DEFAULT) == DEFAULT


def test_an_answer_has_a_least_length() -> None:
    assert chosen({"answer_tokens": -5}, DEFAULT).answer_tokens == SHORTEST_ANSWER


@pytest.mark.parametrize("temperature", [None, 0.0, 0.45, 0.5, 2.0])
def test_the_form_shows_the_manner_and_gives_it_back(temperature: float | None) -> None:
    manner = Manner(system_prompt="Be brief.", answer_tokens=1_000, temperature=temperature)
    form = {widget.id: widget for widget in widgets(manner, MODEL)}
    select = form["temperature"]
    assert isinstance(select, Select)
    assert select.initial in select.items.values()
    assert chosen({name: widget.initial for name, widget in form.items()}, DEFAULT) == manner


def test_the_form_stays_within_what_the_model_can() -> None:
    manner = Manner(answer_tokens=9_000)
    slider = next(widget for widget in widgets(manner, MODEL) if isinstance(widget, Slider))
    assert slider.initial == slider.max == MODEL.longest_answer == 5_000
