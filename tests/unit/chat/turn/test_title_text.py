"""The title is found in whatever a model says, and what belongs to it is left alone."""

import pytest

from chat.turn.title_text import LONGEST, clean

RARE = "Rare birds"


@pytest.mark.parametrize(
    "said",
    [
        RARE,
        "Rare birds.",
        '"Rare birds."',
        "'Rare birds'",
        "`Rare birds`",
        "“Rare birds”",
        "„Rare birds“",
        "«Rare birds»",
        "「Rare birds」",
        "『Rare birds』",
        "\u2018Rare birds\u2019",
        "*Rare birds*",
        "**Rare birds**",
        "***Rare birds***",
        "__Rare birds__",
        '**"Rare birds"**',
        '"**Rare birds**"',
        "# Rare birds",
        "## **Rare birds** ##",
        "Rare birds\n==========",
        "---\nRare birds\n---",
        "<title>Rare birds</title>",
        "<title>Rare birds",
        "Here you are: <TITLE>\nRare birds\n</TITLE> Enjoy!",
        "<h1>Rare birds</h1>",
        "<b>Rare birds</b>",
        "<think>\nThe user wants a title.\n</think>\n\nRare birds",
        "<thinking>hm</thinking>Rare birds",
        "hm, a title, so\n</think>\nRare birds",
        "◁think▷hm◁/think▷Rare birds",
        "<|channel|>analysis<|message|>hm<|end|><|channel|>final<|message|>Rare birds<|return|>",
        "Title: Rare birds",
        "title：Rare birds",
        "**Title:** Rare birds",
        "**Title**: Rare birds",
        "**Title: Rare birds**",
        "**Title:** **Rare birds**",
        '**Title:** "Rare birds"',
        "# Title: Rare birds",
        "Suggested title: Rare birds",
        "Title (two words): Rare birds",
        "Titel: Rare birds",
        "Título: Rare birds",
        "Titre : Rare birds",
        "Заголовок: Rare birds",
        "标题：Rare birds",
        "タイトル：Rare birds",
        "제목: Rare birds",
        "Here is a title for the conversation:\n\nRare birds",
        "Here's a title: Rare birds",
        "Sure! Here is a title for the conversation: **Rare birds**",
        "Sure! Rare birds",
        "Sure, here's one:\n\n> Rare birds",
        "Certainly! Here is the title.\n\nRare birds\n\nI hope this helps!",
        "A good title for this conversation would be: Rare birds",
        "Based on the conversation, a suitable title is: “Rare birds”",
        "Title\n\nRare birds",
        "**Title:**\nRare birds",
        "Gerne! Hier ist ein Titel:\n\nRare birds",
        "Voici un titre : « Rare birds »",
        "Claro, aquí tienes un título:\nRare birds",
        "好的，以下是标题：\nRare birds",
        '{"title": "Rare birds"}',
        '{"language": "en", "title": "Rare birds"}',
        '["Rare birds", "Birds"]',
        '{"titles": ["Rare birds", "Birds"]}',
        '```json\n{"title": "Rare birds"}\n```',
        'Here it is:\n```json\n{"title": "Rare birds"}\n```',
        '{"title": "Rare birds',
        "```\nRare birds\n```",
        "```text\nRare birds\n```",
        "```Rare birds```",
        "1. Rare birds\n2. Birds on cliffs",
        "Here are some options:\n\n1. **Rare birds**\n2. **Birds**",
        "- Rare birds\n- Birds on cliffs",
        "• Rare birds",
        "Option 1: Rare birds\nOption 2: Birds",
        "\n\n  Rare birds \r\n\r\nThis title says what it is about.",
        "Rare\tbirds",
    ],
)
def test_what_is_around_a_title_goes(said: str) -> None:
    assert clean(said) == RARE


@pytest.mark.parametrize(
    "title",
    [
        "C# and F#",
        "C++, C# and #hashtags",
        "What is **kwargs",
        "*args and **kwargs",
        "2024: a year",
        "The 'is' operator",
        "“Dune” and “Emma” compared",
        "I, Robot",
        "Okinawa: travel tips",
        "Great Wall: its history",
        "OK Computer: a review",
        "Python: lists",
        "Title IX explained",
        "Topic models in Python",
        "Time at 10:30",
        "What is a <b> tag in HTML?",
        "<b> and <strong> compared",
        "Why?",
        "Hello, world!",
        "The U.S.A.",
        "Birds, etc.",
        "To be continued...",
        "Wait…",
        "1984",
        "3D printing",
        "10 rare birds",
        "-5 °C and below",
        "a_b and __init__ in Python",
        "f(x) = [x]",
        "Seltene Vögel",
        "Редкие птицы",
        "《北京》介绍",
        "珍しい鳥について",
        "희귀한 새",
        "طيور نادرة",
        "🐦 Rare birds",
        "HTML: the <title> tag",
    ],
)
def test_what_belongs_to_a_title_stays(title: str) -> None:
    assert clean(title) == title


@pytest.mark.parametrize(
    "said",
    [
        "",
        " \n ",
        "<think>it never ends",
        "Title:",
        "**Title:**",
        "```\n```",
        '""',
        "---",
        "{}",
        "[]",
    ],
)
def test_nothing_is_no_title(said: str) -> None:
    assert clean(said) == ""


def test_a_long_title_is_cut_at_a_word() -> None:
    title = clean("A very long title about " + "birds " * 40)
    assert title.endswith("birds…")
    assert len(title) <= LONGEST


def test_a_long_title_without_blanks_is_cut_all_the_same() -> None:
    assert clean("鳥" * 100) == "鳥" * (LONGEST - 1) + "…"


def test_a_title_as_long_as_may_be_stays_whole() -> None:
    assert clean("x" * LONGEST) == "x" * LONGEST
