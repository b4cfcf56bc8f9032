"""Answers read well: whatever Markdown they have, they stay within the page and run nothing."""

from playwright.async_api import Locator, ViewportSize, expect

from tests.support.page.chat import Chat

PHONE: ViewportSize = {"width": 390, "height": 844}
PAPER: ViewportSize = {"width": 794, "height": 1123}  # A4
OVERFLOWS = """(answer) => {
    const edge = answer.getBoundingClientRect().right + 1;
    const scrolls = (it) => ["auto", "scroll"].includes(getComputedStyle(it).overflowX);
    const isHeld = (it) => it !== answer && (scrolls(it) || isHeld(it.parentElement));
    return [...answer.querySelectorAll("*")]
        .filter((it) => it.getBoundingClientRect().right > edge && !isHeld(it.parentElement))
        .map((it) => it.outerHTML.slice(0, 80));
}"""

HIDDEN = """(answer) => [...answer.querySelectorAll("pre, code, table, div")]
    .filter((it) => it.scrollWidth > it.clientWidth + 1 && it.clientWidth)
    .map((it) => it.outerHTML.slice(0, 80))"""


async def test_all_of_markdown_reads_well(chat: Chat) -> None:
    await chat.ask("Show all of Markdown")
    answer = chat.said.last
    await expect(answer.get_by_text("The note.")).to_be_visible()
    await chat.turn_ended()

    await expect(answer).to_contain_text("A note:this, gone and code.")
    assert 20 <= await pixels(answer.locator("h1"), "fontSize") <= 28
    assert 16 <= await pixels(answer.locator("h2").first, "fontSize") <= 22
    for name in ("open", "done"):
        await expect(answer.get_by_role("checkbox", name=name, exact=True)).to_be_visible()
    await expect(answer.locator("blockquote")).to_have_css("font-style", "normal")
    await a_diff_is_coloured(answer)
    await expect(answer.locator("td").first.locator("br")).to_have_count(1)
    await a_picture_is_its_address(answer)
    await details_are_folded(answer)
    await expect(answer).to_contain_text("""<script>document.title = "run"</script> <img""")
    await expect(answer.get_by_text("שלום עולם")).to_have_css("text-align", "start")
    assert await answer.get_by_text("שלום עולם").evaluate("(it) => it.matches(':dir(rtl)')")
    assert await answer.evaluate(OVERFLOWS) == []
    await chat.page.set_viewport_size(PHONE)
    assert await answer.evaluate(OVERFLOWS) == []
    assert await chat.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await expect(chat.page).to_have_title("Show all of Markdown")  # no script has run
    await it_fits_paper(chat)

    await links_lead_through_the_own_answer(chat)


async def pixels(what: Locator, style: str) -> float:
    return float(await what.evaluate(f"(it) => parseFloat(getComputedStyle(it).{style})"))


async def a_diff_is_coloured(answer: Locator) -> None:
    colours = [
        await answer.locator(f".hljs-{what}").evaluate("(it) => getComputedStyle(it).color")
        for what in ("addition", "deletion")
    ]
    assert len(set(colours)) == 2


async def a_picture_is_its_address(answer: Locator) -> None:
    address = "https://pictures.example.org/cat.png"
    await expect(answer.locator("img")).to_have_count(0)
    await expect(answer.locator(".keepchat-picture")).to_have_text(f"Picture: a cat {address}")
    await expect(answer.get_by_role("link", name=address)).to_have_attribute("href", address)


async def details_are_folded(answer: Locator) -> None:
    folded = answer.get_by_text("folded")
    await expect(folded).to_be_hidden()
    await expect(answer.locator("summary .katex")).to_have_count(1)
    await answer.get_by_text("The answer").click()
    await expect(folded).to_be_visible()
    await expect(folded).to_have_css("font-weight", "700")


async def it_fits_paper(chat: Chat) -> None:
    """Whichever theme is shown: dark on white, nothing folded, nothing cut off."""
    answer = chat.said.last
    await chat.page.evaluate("document.documentElement.classList.add('dark')")
    shown = await chat.page.evaluate("document.documentElement.style.cssText")
    await answer.evaluate("(it) => it.querySelector('details').open = false")
    await chat.page.emulate_media(media="print")
    await chat.page.set_viewport_size(PAPER)
    await chat.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    await expect(answer.get_by_text("folded")).to_be_visible()
    dark = "rgb(23, 33, 38)"  # of the light theme
    await expect(answer.get_by_text("It is")).to_have_css("color", dark)
    assert await answer.evaluate(HIDDEN) == []
    await chat.page.evaluate("dispatchEvent(new Event('afterprint'))")
    await expect(answer.get_by_text("folded")).to_be_hidden()
    await expect(chat.page.locator("html")).to_contain_class("dark")
    assert await chat.page.evaluate("document.documentElement.style.cssText") == shown
    await chat.page.emulate_media(media="screen")
    await chat.page.set_viewport_size(PHONE)


async def links_lead_through_the_own_answer(chat: Chat) -> None:
    """Another answer has a footnote of the same name."""
    await chat.ask("Note it once more")
    await expect(chat.said.last.get_by_text("Its own note.")).to_be_visible()
    await chat.turn_ended()
    first, second = chat.said.nth(0), chat.said.nth(1)
    await first.locator("[data-footnote-ref]").click()
    await expect(first.get_by_text("The note.")).to_be_in_viewport()
    await second.locator("[data-footnote-ref]").click()
    note = second.get_by_text("Its own note.")
    await expect(note).to_be_in_viewport()
    assert await pixels(note, "fontSize") < 14
    await note.get_by_role("link").click()
    await expect(second.locator("[data-footnote-ref]")).to_be_in_viewport()
    for name in ("Nowhere", "broken"):  # an error of the page would be a complaint
        await second.get_by_role("link", name=name).click()
    await first.get_by_role("link", name="Up", exact=True).click()
    await expect(first.locator("h1")).to_be_in_viewport()
    assert len(chat.page.context.pages) == 1


async def test_diagrams_are_drawn_when_they_are_whole(chat: Chat) -> None:
    loaded = (
        "() => performance.getEntriesByType('resource').filter((it) => /mermaid/.test(it.name))"
    )
    assert await chat.page.evaluate(loaded) == []
    await chat.ask("Draw me a diagram")
    await expect(chat.said.last).to_contain_text("The end.")
    await chat.turn_ended()
    picture = chat.said.last.locator("keepchat-diagram img")
    await expect(picture).to_be_visible()
    assert await chat.page.evaluate(loaded) != []
    source = await picture.get_attribute("src") or ""
    assert source.startswith("data:image/svg+xml")
    assert "Begin" in source
    assert "javascript" not in source
    light = source
    code = chat.said.last.locator("pre")
    await expect(code).to_have_count(2)
    await expect(code.first).to_be_hidden()
    await expect(code.last).to_be_visible()  # what cannot be drawn
    await chat.said.last.get_by_role("button", name="Show the code").click()
    await expect(code.first).to_contain_text("A[Begin]")
    await chat.page.set_viewport_size(PHONE)  # where it is still to be read
    assert await picture.evaluate("(it) => it.clientWidth / it.getAttribute('width')") > 0.6
    assert await chat.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await chat.page.evaluate("document.documentElement.classList.add('dark')")
    await expect(picture).not_to_have_attribute("src", light)
    await expect(chat.page).to_have_title("Draw me a diagram")  # no script has run
