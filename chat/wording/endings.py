"""How an answer ended, in one short line that stands below it. All who read the answer read it."""

from collections.abc import Mapping
from typing import Literal

from chat.wording.language import Localized

Ended = Literal["done", "stopped", "cut", "withheld", "interrupted"]
"""How an answer ended, as it is stored with it."""

State = Ended | Literal["streaming", "running", "killed", "unanswered"]
"""`streaming` is stored, too; the others are what is made of it, or of a question, when it is read.
"""

_STILL_WRITTEN = Localized(en="This answer is still being written.", zh="此回答仍在生成中。")
_LINES: Mapping[object, Localized[str]] = {
    "streaming": _STILL_WRITTEN,
    "running": _STILL_WRITTEN,
    "stopped": Localized(en="This answer was stopped.", zh="此回答已被停止。"),
    "cut": Localized(en="The answer reached the limit on its length.", zh="回答已达到长度上限。"),
    "withheld": Localized(
        en="The model's provider held back the rest of this answer by its rules on content.",
        zh="模型服务商按其内容规则未给出此回答的其余部分。",
    ),
    "interrupted": Localized(en="The answer broke off.", zh="回答中断了。"),
    "killed": Localized(
        en="The answer broke off because the program was stopped.",
        zh="由于程序停止运行，回答中断了。",
    ),
    "unanswered": Localized(en="There is no answer to this question.", zh="此问题没有回答。"),
}


def ending_line(state: object, language: str | None) -> str:
    """Return the line for a state, in the language of a tag or an Accept-Language header.

    Empty where there is nothing to say: of an answer that is whole, or of a state that is unknown.
    """
    line = _LINES.get(state) if isinstance(state, str) else None
    return line.in_language(language) if line else ""
