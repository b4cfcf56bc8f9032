"""What a person wants always: what is kept of it, under which names, and what may be. Pure.

Each name is a field of its own, of which the newest value counts: two pages that save at once
change what each of them names.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from chat.wording.commands import Prompt, taken_names
from chat.wording.language import Localized
from chat.wording.settings_panel import NAMES, SHORTEST_ANSWER, temperature_of
from datalayer.values import Json

MODEL = "model"
LONGEST_TEXT = 4_000  # characters
LONGEST_NAME = 40  # of a prompt
MOST_PROMPTS = 50
PLACES = 1_000  # of prompts, so that no more names are ever known of than these
MOST_BYTES = 200_000  # of all, as JSON: a row, or an item, of any database takes them

UNKNOWN = Localized(en="There is no preference of this name.", zh="没有此名称的偏好设置。")
NO_TEXT = Localized(en="This has to be a text.", zh="此处必须是文本。")
TEXT_TOO_LONG = Localized(
    en="A text has {count} characters and may have {most}. Shorten it.",
    zh="有一段文本共 {count} 个字符，最多 {most} 个。请缩短。",
)
TOO_MUCH = Localized(
    en="The preferences have {count} kB and may have {most} kB in all. Shorten them.",
    zh="偏好设置共 {count} kB，总共最多 {most} kB。请缩短。",
)
NO_MODEL = Localized(
    en="There is no model of this name, or not any more. Choose another.",
    zh="没有此名称的模型，或已不再提供。请另选一个。",
)
NO_TEMPERATURE = Localized(en="There is no such temperature.", zh="没有此温度选项。")
NO_LENGTH = Localized(
    en="The longest answer has between {least} and {most} tokens.",
    zh="最长回答须在 {least} 到 {most} 个词元之间。",
)


NO_PROMPT = Localized(
    en="A prompt of your own has a name and a text.", zh="自定义提示须有名称和文本。"
)
NAME_TOO_LONG = Localized(
    en="The name of a prompt has {count} characters and may have {most}. Shorten it.",
    zh="提示的名称共 {count} 个字符，最多 {most} 个。请缩短。",
)
NAME_TAKEN = Localized(
    en="There is a command “{name}” already. Give the prompt another name.",
    zh="已有名为“{name}”的命令。请为此提示另取一个名称。",
)
TOO_MANY = Localized(
    en="There may be {most} prompts of your own. Delete one first.",
    zh="最多可有 {most} 个自定义提示。请先删除一个。",
)

_PROMPT = re.compile(r"prompt\.(0|[1-9]\d{0,2})")


class PreferenceRefused(ValueError):
    """What somebody wants to keep cannot be; `sentence` is for them."""

    def __init__(self, sentence: Localized[str]) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


def chosen_of(preferences: Mapping[str, Json]) -> dict[str, Json]:
    """Return the chat settings with which a new conversation begins."""
    return {name: preferences[name] for name in NAMES if name in preferences}


def prompts_of(preferences: Mapping[str, Json]) -> list[Prompt]:
    """Return somebody's own prompts, by name."""
    found = [
        Prompt(str(it["name"]), str(it["text"]))
        for name, it in preferences.items()
        if _PROMPT.fullmatch(name) and isinstance(it, dict)
    ]
    return sorted(found, key=lambda prompt: prompt.name.casefold())


def checked(
    changed: Mapping[str, Any],
    kept: Mapping[str, Json],
    *,
    models: Sequence[str],
    longest_answer: int,
) -> dict[str, Json]:
    """Return what is to be changed of what is kept, None for what is to be as by default.

    Raises `PreferenceRefused`.
    """
    judged = {name: _judged(name, value, models, longest_answer) for name, value in changed.items()}
    whole = {name: it for name, it in {**kept, **judged}.items() if it is not None}
    if (size := size_of(whole)) > MOST_BYTES:
        count, most = -(-size // 1_000), MOST_BYTES // 1_000
        raise PreferenceRefused(TOO_MUCH.filled(count=count, most=most))
    _check_prompts(prompts_of(whole), changed)
    return judged


def _check_prompts(prompts: Sequence[Prompt], changed: Mapping[str, Any]) -> None:
    """Refuse too many, and two of a name; what there was before may go and stay."""
    if not any(_PROMPT.fullmatch(name) and it for name, it in changed.items()):
        return
    if len(prompts) > MOST_PROMPTS:
        raise PreferenceRefused(TOO_MANY.filled(most=MOST_PROMPTS))
    taken = set(taken_names())
    for prompt in prompts:
        if prompt.name.casefold() in taken:
            raise PreferenceRefused(NAME_TAKEN.filled(name=prompt.name))
        taken.add(prompt.name.casefold())


def size_of(preferences: Mapping[str, Json]) -> int:
    """Return how many bytes they have, counted as the page counts them."""
    text = json.dumps(preferences, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode(errors="replace"))


def _judged(name: str, value: Any, models: Sequence[str], longest_answer: int) -> Json:
    is_prompt = _PROMPT.fullmatch(name)
    if name not in (*NAMES, MODEL) and not is_prompt:
        raise PreferenceRefused(UNKNOWN)
    if value is None:
        return None
    if is_prompt:
        return _prompt(value)
    if name == MODEL:
        return _model(value, models)
    if name == "temperature":
        return _temperature(value)
    if name == "answer_tokens":
        return _answer_tokens(value, longest_answer)
    return _text_within(value, LONGEST_TEXT) or None


def _text_within(value: Any, most: int, too_long: Localized[str] = TEXT_TOO_LONG) -> str:
    if not isinstance(value, str):
        raise PreferenceRefused(NO_TEXT)
    text = value.strip()
    if len(text) > most:
        raise PreferenceRefused(too_long.filled(count=len(text), most=most))
    return text


def _prompt(value: Any) -> Json:
    if not isinstance(value, dict) or value.keys() != {"name", "text"}:
        raise PreferenceRefused(NO_PROMPT)
    name = _text_within(value["name"], LONGEST_NAME, NAME_TOO_LONG)
    text = _text_within(value["text"], LONGEST_TEXT)
    if not name or not text or len(name.splitlines()) > 1:
        raise PreferenceRefused(NO_PROMPT)
    return {"name": name, "text": text}


def _model(value: Any, models: Sequence[str]) -> str:
    if value not in models:
        raise PreferenceRefused(NO_MODEL)
    return str(value)


def _temperature(value: Any) -> str:
    found = temperature_of(value)
    if found is None:
        raise PreferenceRefused(NO_TEMPERATURE)
    return found


def _answer_tokens(value: Any, longest: int) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not is_number or not SHORTEST_ANSWER <= value <= longest:
        raise PreferenceRefused(NO_LENGTH.filled(least=SHORTEST_ANSWER, most=longest))
    return int(value)
