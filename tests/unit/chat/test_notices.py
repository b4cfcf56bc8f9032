"""What the page says about files."""

from pathlib import Path

import pytest

from chat.attachments.notices import show_notices
from chat.attachments.results import Reason
from chat.attachments.sentences import not_read
from tests.support.conversation import conversation


@pytest.mark.parametrize(
    ("language", "step_name", "sentence"),
    [
        ("de-DE,de;q=0.9", "Anhänge", "„a.txt“ konnte nicht gelesen werden: sie ist leer."),
        ("zh-CN,zh;q=0.9", "附件", "无法读取“a.txt”：文件是空的。"),
    ],
)
async def test_what_became_of_a_file_is_said_in_the_language_of_its_page(
    language: str, step_name: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with conversation(tmp_path, monkeypatch, language) as talk:
        await show_notices([not_read("a.txt", Reason.EMPTY)])
        assert talk.page.toasts == [sentence]
        [step] = talk.page.steps.values()
        assert (step["name"], step["output"]) == (step_name, sentence)
