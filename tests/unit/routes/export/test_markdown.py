"""A thread as Markdown."""

from collections.abc import Mapping
from typing import Any

import pytest

from datalayer.siblings import Place
from routes.export.conversation import NOWHERE, messages_of, title, to_json
from routes.export.markdown import to_markdown

ORIGIN = "https://chat.example"
T1, T2 = "2026-03-04T05:06:07.000008Z", "2026-03-04T05:16:07.000008Z"


def markdown(
    thread: dict[str, Any],
    *,
    places: Mapping[str, Place] = NOWHERE,
    language: str | None = None,
) -> str:
    messages = messages_of(thread, origin=ORIGIN, places=places, language=language)
    return to_markdown(thread, messages, language)


def step(kind: str, text: str, **fields: Any) -> dict[str, Any]:
    return {"id": text, "type": kind, "output": text, "name": "ada", "createdAt": T1, **fields}


def test_a_whole_conversation() -> None:
    thread = {
        "name": "Bread & *salt*\nand  more",
        "createdAt": T1,
        "steps": [
            step("user_message", "Why?", command="Explain simply"),
            step("run", "run"),
            step("llm", "a thought"),
            step(
                "assistant_message",
                "# Because\n\n- of this",
                name="Keepchat",
                createdAt=T2,
                metadata={"model": "gpt-4.1"},
            ),
            step("assistant_message", "It failed.", isError=True),
        ],
        "elements": [
            {"forId": "Why?", "name": "a [1].txt", "url": "/chat/files/t/e/a%20%5B1%5D.txt"},
            {"forId": "Why?", "name": "far.png", "url": "https://far.example/x.png"},
            {"forId": "Why?", "name": "gone.txt", "url": None},
            {"forId": "Why?", "name": "Widget", "type": "custom", "props": {}},
        ],
    }
    assert markdown(thread) == (
        "# Bread & \\*salt\\* and more\n\n2026-03-04 05:06 UTC\n\n---\n\n"
        "**ada** · 2026-03-04 05:06 UTC · Explain simply\n\nWhy?\n\n"
        "- [a \\[1\\].txt](<https://chat.example/chat/files/t/e/a%20%5B1%5D.txt>)\n"
        "- [far.png](<https://far.example/x.png>)\n"
        "- gone.txt\n\n---\n\n"
        "**Keepchat** (gpt-4.1) · 2026-03-04 05:16 UTC\n\n# Because\n\n- of this\n"
    )


def test_an_empty_thread_without_a_name() -> None:
    assert title({"name": " \n"}) == "Conversation"
    thread = {"name": None, "createdAt": None, "steps": None, "elements": None}
    assert markdown(thread) == "# Conversation\n"


def test_a_file_alone_is_a_message() -> None:
    thread = {
        "name": "x",
        "createdAt": T1,
        "steps": [{"id": "1", "type": "user_message", "output": None, "createdAt": "no time"}],
        "elements": [{"forId": "1", "name": "a.txt", "url": "/files/a"}],
    }
    assert markdown(thread).endswith("- [a.txt](<https://chat.example/files/a>)\n")


def test_alternatives_are_marked() -> None:
    steps = [
        step("user_message", "Why?", command="Explain simply"),
        *(step("assistant_message", text) for text in ("one", "two", "so")),
    ]
    places = {"one": Place(1, 2, is_shown=False), "two": Place(2, 2, is_shown=True)}
    head, question, *answers = markdown({"name": "x", "steps": steps}, places=places).split(
        "\n\n---\n\n"
    )
    assert question == "**ada** · 2026-03-04 05:06 UTC · Explain simply\n\nWhy?"
    assert answers == [
        "**ada** · 2026-03-04 05:06 UTC · alternative 1 of 2\n\none",
        "**ada** · 2026-03-04 05:06 UTC · alternative 2 of 2, shown\n\ntwo",
        "**ada** · 2026-03-04 05:06 UTC\n\nso\n",
    ]
    assert head == "# x"


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "The answer broke off because the program was stopped."),
        ("zh-CN", "由于程序停止运行，回答中断了。"),
    ],
)
def test_an_answer_that_is_not_whole_says_why(language: str, line: str) -> None:
    answer = step("assistant_message", "half", metadata={"state": "killed"})
    whole = step("assistant_message", "whole", metadata={"state": "done"})
    files = [{"forId": "half", "name": "a.txt", "url": "/a"}]
    thread = {"name": "x", "createdAt": T1, "steps": [answer, whole], "elements": files}
    text = markdown(thread, language=language)
    assert f"half\n\n- [a.txt](<https://chat.example/a>)\n\n*{line}*\n\n---" in text
    assert text.endswith("whole\n")


def test_other_programs_get_the_same() -> None:
    answer = step("assistant_message", "half", metadata={"state": "killed", "model": "gpt-4.1"})
    files = [{"forId": "half", "name": "a.txt", "url": "/a"}]
    thread = {"id": "t", "name": "x", "createdAt": T1, "steps": [answer], "elements": files}
    [message] = to_json(thread, messages_of(thread, origin=ORIGIN))["messages"]
    assert message == {
        "role": "assistant",
        "name": "ada",
        "model": "gpt-4.1",
        "time": T1,
        "command": None,
        "text": "half",
        "files": ({"name": "a.txt", "url": "https://chat.example/a"},),
        "ending": "The answer broke off because the program was stopped.",
        "alternative": None,
    }
