"""An element of one's own: the days until a date, which people cross off."""

import re

import chainlit as cl

NAME = "Countdown"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


async def show_countdown(question: cl.Message) -> None:
    """Show the element for the date that a question names, if it names one."""
    if found := _DATE.search(question.content):
        props = {"date": found[0], "isDone": False}
        element = cl.CustomElement(name=NAME, props=props)
        await cl.Message(f"Until {found[0]}:", elements=[element]).send()
