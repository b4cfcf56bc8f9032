"""Answers with every kind of element, as an app has them that somebody made of ours.

The tests put this beside a copy's `app.py`, which then registers it, and the files that it shows
into the copy's `samples/`.
"""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import chainlit as cl
from chainlit.config import config
from chainlit.element import Element, ElementType
from matplotlib.figure import Figure
from pydantic.dataclasses import dataclass

ALL, CHANGE, ELSEWHERE = "Show everything", "Change what can change", "Show what is elsewhere: "
ANSWER = "All is here, see aside and chapter."
CHANGED = "Both are changed."
POEM = "Roses are **red**, 玫瑰是红的 🌹"
ASIDE = "What stands aside, *too*"
CHAPTER = "What has a page of its own"
CODE = "print('<b>not bold</b>')"
PLACE = "Köln & 东京"
ROWS = [["Paris", 2_102_650], ["Zürich", 436_332]]
TASKS = ["Read the question", "Draw the plot"]
LOGO = "/public/avatars/keepchat.svg"
_SAMPLES = Path("samples")
_FIGURE = {
    "data": [{"type": "bar", "x": ["Mon", "Tue", "Wed"], "y": [3, 1, 2]}],
    "layout": {"title": {"text": "Rain in mm"}, "autosize": True},
}

_shown: dict[str, tuple[cl.CustomElement, cl.TaskList]] = {}


@dataclass
class Plotly(Element):
    """A `cl.Plotly` as Chainlit stores it; made without the package plotly."""

    type: ClassVar[ElementType] = "plotly"


@dataclass
class Dataframe(Element):
    """A `cl.Dataframe` as Chainlit stores it; made without the package pandas."""

    type: ClassVar[ElementType] = "dataframe"


def register() -> None:
    """Answer our messages, and let the program answer all others."""
    original: Callable[[cl.Message], Awaitable[None]] = config.code.on_message
    cl.on_message(answer)
    own: Callable[[cl.Message], Awaitable[None]] = config.code.on_message

    async def on_message(message: cl.Message) -> None:
        is_own = message.content.startswith((ALL, CHANGE, ELSEWHERE))
        await (own if is_own else original)(message)

    config.code.on_message = on_message


async def answer(message: cl.Message) -> None:
    """Do what the message says."""
    if message.content == ALL:
        await show_all(message.thread_id)
    elif message.content == CHANGE:
        await change(message.thread_id)
    else:
        await show_elsewhere(message.content.removeprefix(ELSEWHERE))


async def show_all(thread_id: str) -> None:
    """Answer with every kind of element."""
    counter = cl.CustomElement(name="Counter", props={"place": PLACE, "count": 1})
    tasks = cl.TaskList(status="Running")
    for title in TASKS:
        await tasks.add_task(cl.Task(title, cl.TaskStatus.RUNNING))
    await tasks.send()
    await cl.Message(ANSWER, elements=[*texts(), *data(), *media(), counter]).send()
    _shown[thread_id] = counter, tasks


def texts() -> list[Element]:
    """Texts: in the answer, beside it, on a page of its own, and as code."""
    return [
        cl.Text(name="poem", content=POEM, display="inline"),
        cl.Text(name="aside", content=ASIDE, display="side"),
        cl.Text(name="chapter", content=CHAPTER, display="page"),
        cl.Text(name="code", content=CODE, language="python", display="inline"),
    ]


def data() -> list[Element]:
    """What the page draws of JSON."""
    table = {"columns": ["city", "people"], "index": [0, 1], "data": ROWS}
    return [
        Plotly(name="rain", content=json.dumps(_FIGURE), mime="application/json"),
        Dataframe(name="cities", content=json.dumps(table), size="large"),
    ]


def media() -> list[Element]:
    """What has bytes: given as content, by path and by url."""

    def path(name: str) -> dict[str, Any]:
        return {"name": name, "path": str(_SAMPLES / name)}

    def content(name: str) -> dict[str, Any]:
        return {"name": name, "content": (_SAMPLES / name).read_bytes()}

    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([1, 4, 9])
    return [
        cl.Pyplot(name="curve", figure=figure),
        cl.Image(**content("picture.png")),
        cl.Image(name="logo", url=LOGO),
        cl.Pdf(**path("page.pdf")),
        cl.Audio(**path("tone.wav")),
        cl.Video(**content("clip.webm")),
        cl.File(**content("notes.bin")),
    ]


async def change(thread_id: str) -> None:
    """Change what can be changed after it was sent."""
    counter, tasks = _shown[thread_id]
    counter.props = {**counter.props, "count": 41}
    await counter.update()
    for number, task in enumerate(tasks.tasks, 1):
        task.status = cl.TaskStatus.DONE
        tasks.status = f"Done {number}"
        await tasks.update()
    await cl.Message(CHANGED).send()


async def show_elsewhere(url: str) -> None:
    """Answer with elements of another site."""
    elements: list[Element] = [
        cl.File(name="elsewhere.csv", url=f"{url}/elsewhere.csv?a=1&b=%20"),
        cl.Image(name="foreign", url=f"{url}/foreign.png"),
    ]
    await cl.Message(ANSWER, elements=elements).send()
