"""Commands: a question sent with one is answered under an instruction of its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import chainlit as cl
from chainlit.types import CommandDict

from chat.models.base import GenerationSettings
from chat.wording.language import Localized


@dataclass(frozen=True, slots=True)
class Command:
    """A command as the page shows it, and what the model is told."""

    name: str
    description: str
    icon: str
    instruction: str


class Prompt(NamedTuple):
    """A text that somebody uses again and again, under a name."""

    name: str
    text: str


_DESCRIBED = 80  # characters of a prompt that are shown beside its name

COMMANDS = Localized(
    en=(
        Command(
            "Summarize",
            "The gist of a text or of this conversation",
            "list",
            "Summarize what the user gives you, or the conversation so far if they give you "
            "nothing: the gist in one sentence, then the main points as a short list. Add nothing "
            "of your own.",
        ),
        Command(
            "Translate",
            "Into English, or from English into the language you name",
            "languages",
            "Translate what the user gives you: into the language that they name; if they name "
            "none, into English, or from English into the language of the conversation. Keep "
            "meaning, tone and form. Give the translation only.",
        ),
        Command(
            "Explain simply",
            "In plain words, with an example",
            "lightbulb",
            "Explain it in plain words to somebody who knows nothing of the matter: short "
            "sentences, no jargon, one example from everyday life.",
        ),
    ),
    zh=(
        Command(
            "总结",
            "概括一段文字或当前对话",
            "list",
            "请总结用户给出的内容；若没有给出内容，则总结到目前为止的对话。先用一句话概括，"
            "再用简短的列表写出要点。不要添加自己的内容。",
        ),
        Command(
            "翻译",
            "译成中文，或译成您指定的语言",
            "languages",
            "请翻译用户给出的内容：译成用户指定的语言；若未指定，则译成中文，中文则译成英文。"
            "保持原意、语气和格式。只给出译文。",
        ),
        Command(
            "简单解释",
            "用通俗的话，配一个例子",
            "lightbulb",
            "请用通俗的语言向完全不了解的人解释：句子简短，不用术语，举一个日常生活中的例子。",
        ),
    ),
)


@cache
def _instructions() -> Mapping[str, str]:
    """Return what the model is told, by the name of the command in any language."""
    return {each.name: each.instruction for one in COMMANDS.in_all() for each in one}


def taken_names() -> frozenset[str]:
    """Return the names of all commands that there are, in any language, without regard to case."""
    return frozenset(name.casefold() for name in _instructions())


class PromptCommand(CommandDict):
    """A prompt of somebody's own as a command: the page puts its text into the box."""

    text: str


def _own(prompt: Prompt) -> PromptCommand:
    return PromptCommand(
        id=prompt.name,
        description=_beginning(prompt.text),
        icon="bookmark",
        button=False,
        persistent=False,
        selected=False,
        text=prompt.text,
    )


def _beginning(text: str) -> str:
    """Return the beginning of a text on one line; not all languages have spaces to cut it at."""
    line = " ".join(text.split())
    return line if len(line) <= _DESCRIBED else f"{line[: _DESCRIBED - 1].rstrip()}…"


async def send_commands(prompts: Iterable[Prompt] = ()) -> None:
    """Send the page its commands, and after them the prompts of its user."""
    taken = taken_names()
    commands: list[CommandDict] = [
        CommandDict(
            id=command.name,
            description=command.description,
            icon=command.icon,
            button=False,
            persistent=False,
            selected=False,
        )
        for command in COMMANDS.of_session()
    ]
    commands += [_own(each) for each in prompts if each.name.casefold() not in taken]
    await cl.context.emitter.set_commands(commands)


def with_command(generation: GenerationSettings, command: str | None) -> GenerationSettings:
    """Return the settings with a command's instruction put first; unknown ones change nothing."""
    instruction = _instructions().get(command or "")
    if instruction is None:
        return generation
    system_prompt = f"{instruction}\n\n{generation.system_prompt}".strip()
    return replace(generation, system_prompt=system_prompt)
