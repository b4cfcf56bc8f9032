"""What axe-core, which knows the rules of accessible pages, says of a page."""

from pathlib import Path
from typing import Any

from playwright.async_api import Page

_AXE = Path(__file__).parents[1] / "servers/node_modules/axe-core/axe.min.js"
_GRAVE = ("serious", "critical")


async def grave_faults(page: Page) -> list[str]:
    """Return what is serious or critical: the rule, where, and what is wrong there."""
    if await page.evaluate("typeof axe === 'undefined'"):
        await page.evaluate(_AXE.read_text())
    report = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{rule['id']} {node['target']}: {node['failureSummary']}"
        for rule in report["violations"]
        if rule["impact"] in _GRAVE
        for node in rule["nodes"]
    ]


async def nameless(page: Page) -> list[str]:
    """Return what can be pressed or filled and is called nothing, as a screen reader sees it.

    What a page has just begun to show has its names some frames later.
    """
    session = await page.context.new_cdp_session(page)
    found: list[str] = []
    for _ in range(_FRAMES):
        tree = await session.send("Accessibility.getFullAXTree")
        found = [_role(it) for it in tree["nodes"] if _role(it) in _NAMED and not _name(it)]
        if not found:
            break
        await page.evaluate("() => new Promise(requestAnimationFrame)")
    await session.detach()
    return found


_FRAMES = 30


_NAMED = {"button", "combobox", "link", "menuitem", "option", "slider", "textbox", "dialog"}


def _role(node: dict[str, Any]) -> str:
    return "" if node["ignored"] else str(node.get("role", {}).get("value"))


def _name(node: dict[str, Any]) -> str:
    return str(node.get("name", {}).get("value", "")).strip()
