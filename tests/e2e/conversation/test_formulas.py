"""Formulas: drawn where one is said, and nowhere else; what is kept and copied is what was said."""

import json
import re
from pathlib import Path
from typing import Any

from playwright.async_api import expect

from tests.support.page.application import Application
from tests.support.page.chat import Chat

ANSWERS = json.loads((Path(__file__).parents[1] / "answers/markdown.json").read_text())
# What is shown of what has dollars or brackets and no formula.
NO_FORMULAS = (
    "$5 and then $6",
    "costs $5-$10",
    "US$ 5 and US$ 6",
    "$100 or $200 per month",
    "$5 and $6",
    r"$PATH$ and \(x\)",
    "5 $ bis 10 $",
    "from $ to $$ to $$$",
    "价格$5到10$",
    "$HOME/$USER:$PATH",
    "${a}/${b}",
    "use [optional] words",
    "between $5 and 10$ of them",
    "$5 or 6$",
    "a note:this at key:value",
)
FORMULAS = 18  # that are said before them
COUNT_ABOVE_HEADING = """(answer) => {
    const blocks = [...answer.querySelector("h1").parentElement.children];
    const above = blocks.slice(0, blocks.findIndex((it) => it.matches("h1")));
    const what = ".keepchat-formula:not(:has(.katex-error)) .katex-html";
    const drawn = [...answer.querySelectorAll(what)];
    return drawn.filter((formula) => above.some((block) => block.contains(formula))).length;
}"""
WATCH = """() => {
    window.seen = [];
    new MutationObserver(() => {
        const all = document.querySelectorAll("[data-step-type=assistant_message]");
        const answer = [...all].at(-1)?.querySelector(".message-content");
        if (!answer) return;
        const count = (what) => answer.querySelectorAll(what).length;
        const told = [...answer.querySelectorAll(".keepchat-tex")].map((it) => it.textContent);
        window.seen.push([count(".keepchat-formula"), count(".katex-error"), told.join("")]);
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def said(question: str) -> str:
    """The answer of the scripted model."""
    [answer] = [
        fixture["response"]["content"]
        for fixture in ANSWERS["fixtures"]
        if fixture["match"]["userMessage"] == question
    ]
    return str(answer)


async def test_formulas_are_drawn_and_money_is_not(app: Application, chat: Chat) -> None:
    question = "Say formulas and money"
    await chat.ask(question)
    await expect(chat.said.last).to_contain_text("The end.")
    await chat.turn_ended()
    answer = chat.said.last
    assert await answer.evaluate(COUNT_ABOVE_HEADING) == FORMULAS
    for text in NO_FORMULAS:
        await expect(answer.get_by_text(text, exact=True).first).to_be_visible()
    await expect(answer.locator("pre")).to_have_text("echo $x$ \\(y\\)")
    cells = answer.locator("td")
    await expect(cells).to_have_count(4)
    await expect(cells.locator(".katex")).to_have_count(2)
    await expect(cells.first).to_have_text("$5")
    await expect(answer.locator(".katex-error")).to_have_text(
        [r"\frac{1}", r"\href{javascript:alert(1)}{y}"]
    )
    await the_fonts_are_there(chat)

    thread_id = await chat.thread_id()
    assert app.database.messages(thread_id)[1].text == said(question)
    assert await chat.copy_answer() == said(question)
    assert said(question) in (await chat.export())[1]
    drawn = await answer.inner_html()
    await chat.open(f"/thread/{thread_id}")
    assert await chat.said.last.inner_html() == drawn
    await chat.page.set_viewport_size({"width": 390, "height": 844})
    wide = chat.said.last.locator(".keepchat-wide")
    await expect(wide).to_have_count(1)
    assert await wide.evaluate("(it) => it.scrollWidth > it.clientWidth && it.tabIndex == 0")
    assert await wide.evaluate("(it) => it.getBoundingClientRect().right <= innerWidth")


async def the_fonts_are_there(chat: Chat) -> None:
    """The style has come, from this server, and shows each formula once."""
    first = chat.said.last.locator(".katex").first
    await expect(first.locator(".katex-html")).to_be_visible()
    loaded = await chat.page.evaluate(
        "() => [...document.fonts].filter((it) => it.status == 'loaded').map((it) => it.family)"
    )
    assert "KaTeX_Main" in loaded
    mathml = await first.locator(".katex-mathml").bounding_box()
    assert mathml is not None
    assert mathml["width"] <= 1


async def test_a_formula_that_is_being_written_does_not_flicker(chat: Chat) -> None:
    await chat.page.evaluate(WATCH)
    await chat.ask("Derive it slowly")
    await expect(chat.said.last).to_contain_text("The end.")
    await chat.turn_ended()
    seen: list[Any] = await chat.page.evaluate("() => window.seen")
    numbers = [formulas for formulas, _, _ in seen]
    assert numbers == sorted(numbers)
    assert numbers[-1] == 5
    assert not any(errors for _, errors, _ in seen)
    waiting = {text for _, _, text in seen}
    assert any(text.startswith("\\[\n\\frac") for text in waiting)
    assert not any("So" in text or "cost" in text or "z" in text for text in waiting)


async def test_questions_have_formulas_which_are_copied_as_they_were_said(
    app: Application, chat: Chat
) -> None:
    await chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    asked = "Is \\(a^2\\), at $5 and $b$, the capital of France?"
    await chat.ask(asked)
    await chat.answered("The capital of France is Paris.")
    await expect(chat.asked.last.locator(".katex")).to_have_count(2)
    kept = chat.asked.last.locator(".keepchat-kept:has(.katex)")  # a comma begins no line
    await expect(kept).to_have_text([re.compile(",$")] * 2)
    await expect(kept.first).to_have_css("white-space", "nowrap")
    assert app.database.messages(await chat.thread_id())[0].text == asked
    await chat.asked.last.evaluate("(question) => getSelection().selectAllChildren(question)")
    await chat.page.keyboard.press("Control+c")
    copied = str(await chat.page.evaluate("navigator.clipboard.readText()"))
    assert copied.strip() == asked
