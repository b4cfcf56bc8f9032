"""What the empty page offers to begin with; each begins with a question, so any model will do."""

from base64 import b64encode
from pathlib import Path

import chainlit as cl

from chat.wording.language import Localized

_ICONS = Path(__file__).resolve().parents[2] / "public" / "icons"


def _icon(name: str) -> str:
    """Return an icon as an address that holds it: four requests less for each new conversation."""
    return f"data:image/svg+xml;base64,{b64encode((_ICONS / f'{name}.svg').read_bytes()).decode()}"


STARTERS = Localized(
    en=[
        cl.Starter(
            label="Write a message",
            message="Help me write a message. Ask me first who it is for and what it has to say.",
            icon=_icon("write"),
        ),
        cl.Starter(
            label="Understand something",
            message="I want to understand something. Ask me first what it is and how much I know "
            "of it, then explain it step by step, with examples.",
            icon=_icon("explain"),
        ),
        cl.Starter(
            label="Correct a text",
            message="I would like you to correct a text. Ask me for it, then give it back "
            "corrected, with a list of what you have changed.",
            icon=_icon("correct"),
        ),
        cl.Starter(
            label="Plan my week",
            message="Help me plan my week. Ask me first what has to be done, by when, and which "
            "times are taken.",
            icon=_icon("plan"),
        ),
    ],
    zh=[
        cl.Starter(
            label="写一封信",
            message="请帮我写一封信。先问我写给谁、要表达什么。",
            icon=_icon("write"),
        ),
        cl.Starter(
            label="弄懂一件事",
            message="我想弄懂一件事。先问我是什么、我了解多少，再一步一步举例说明。",
            icon=_icon("explain"),
        ),
        cl.Starter(
            label="修改文章",
            message="请帮我修改一段文字。先向我要原文，然后给出修改后的全文，并列出改动之处。",
            icon=_icon("correct"),
        ),
        cl.Starter(
            label="安排一周",
            message="请帮我安排这一周。先问我有哪些事、截止时间，以及哪些时间已被占用。",
            icon=_icon("plan"),
        ),
    ],
)


def register() -> None:
    """Let the page offer them in its language."""

    @cl.set_starters
    async def starters(_user: cl.User | None, language: str | None) -> list[cl.Starter]:
        return STARTERS.in_language(language)
