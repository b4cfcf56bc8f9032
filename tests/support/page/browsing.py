"""Chromium, kept off the internet, and what is left of a page when a test fails."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    async_playwright,
)

from tests.support.needs import find_chromium, find_node

PATIENCE_MS = 30_000

_OUTSIDE = re.compile(r"^(https?|wss?)://(?!(localhost|127\.0\.0\.1)[:/])")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
# The page's file picker of Chromium cannot be driven; other browsers have the plain one.
_PLAIN_FILE_PICKER = "delete window.showOpenFilePicker"
# A test can cut the line of a page: a browser's own offline mode leaves open sockets alone.
_REMEMBER_SOCKETS = """
window.keepchatSockets = [];
window.WebSocket = class extends WebSocket {
  constructor(...given) { super(...given); window.keepchatSockets.push(this); }
};
"""
# The viewer of PDF files says the first when it is left while it draws; any page may say the
# second when it is left, or the program restarted, while it is asking something.
_HARMLESS_ERRORS = ("Worker was terminated", "Failed to fetch")
# In what Chromium says of each thing that the Content-Security-Policy keeps it from.
_REFUSED_BY_POLICY = "Content Security Policy directive"


@asynccontextmanager
async def running_chromium() -> AsyncIterator[Browser]:
    """Run one Chromium."""
    # Playwright's own Node.js wants libatomic, which a bare Debian does not have.
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(find_node())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(), args=list(_ARGUMENTS)
        )
        try:
            yield browser
        finally:
            await browser.close()


class Profile:
    """A browser without history; everything that is not on this computer is refused and noted."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.asked_outside: set[str] = set()
        self.errors: list[str] = []

    @classmethod
    async def new(
        cls, browser: Browser, locale: str, credentials: tuple[str, str] | None = None
    ) -> "Profile":
        """A profile in a language, which knows what a server's basic authentication asks."""
        context = await browser.new_context(
            locale=locale,
            viewport={"width": 1280, "height": 800},
            accept_downloads=True,
            ignore_https_errors=True,  # proxies of tests have authorities of their own
            http_credentials=(
                {"username": credentials[0], "password": credentials[1]} if credentials else None
            ),
        )
        context.set_default_timeout(PATIENCE_MS)
        profile = cls(context)
        await context.add_init_script(_PLAIN_FILE_PICKER)
        await context.add_init_script(_REMEMBER_SOCKETS)
        context.on("request", profile._note_outside)
        context.on("weberror", lambda error: profile.errors.append(str(error.error)))
        context.on("console", profile._note_refusal)
        return profile

    def _note_outside(self, request: Request) -> None:
        if _OUTSIDE.match(request.url):
            self.asked_outside.add(urlsplit(request.url).hostname or "")

    def _note_refusal(self, message: ConsoleMessage) -> None:
        if _REFUSED_BY_POLICY in message.text:
            self.errors.append(message.text)

    def complaints(self) -> list[str]:
        """What went wrong in its pages, and where it wanted to go."""
        failed = [e for e in self.errors if not any(known in e for known in _HARMLESS_ERRORS)]
        return failed + [f"asked {host}" for host in sorted(self.asked_outside)]

    async def keep_pages(self, folder: Path, name: str) -> None:
        """Keep what its pages show."""
        for number, page in enumerate(self.context.pages, 1):
            await _keep_page(page, folder / f"{name}-page{number}")

    async def close(self) -> None:
        """Close all its pages."""
        await self.context.close()


async def _keep_page(page: Page, name: Path) -> None:
    try:
        await page.screenshot(path=name.with_suffix(".png"))
        name.with_suffix(".html").write_text(await page.content())
    except Error as exc:  # the page may be what has failed
        name.with_suffix(".txt").write_text(str(exc))
