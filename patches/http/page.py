"""The page as it is sent: Chainlit's own, which asks nobody but this server for anything.

Only what Keepchat has written may run in it: the header of `routes.middleware.headers` says where
things may come from, and a policy in the page itself names the scripts that stand in it by their
hashes. Only where there are custom elements, which are text, may the page make scripts of text.
"""

import json
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

import chainlit.server
from chainlit.config import APP_ROOT, ChainlitConfig
from chainlit.emitter import ChainlitEmitter

from access.guard.limits import UploadLimits
from access.guard.user_limits import MEGABYTE
from chat.live.title import title_of
from chat.wording.catalogue import Translation, page_texts
from chat.wording.language import ASKED, translation_for
from common.files.file_types import ANYTHING
from datalayer.values import is_temporary, short_name
from patches.originals import replace
from patches.patch import Parts

_LINK = re.compile(r"[ \t]*<link\b[^>]*>\n?")
_OUTSIDE = re.compile(r'href="(https?:)?//')
# Chainlit's banner and repository, for those who show a preview of a link.
_PREVIEW = re.compile(r'[ \t]*<meta property="og:(?:image|url)"[^>]*>\n?')
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# A phone's keyboard takes its place from the page, instead of covering it.
_VIEWPORT = "width=device-width, initial-scale=1.0"
_CHARSET = '<meta charset="UTF-8" />'

Template = Callable[[str], str]
InitThread = Callable[[ChainlitEmitter, str], Awaitable[None]]


def send_offline_page(parts: Parts) -> None:
    """Send a page that asks nobody else, runs its own scripts only, and knows the limits."""
    replace(chainlit.server, "get_html_template", partial(offline, parts=parts))


def choose_texts(_parts: Parts) -> None:
    """Let Chainlit's page say what it says in the reader's language, and all of it."""
    replace(ChainlitConfig, "load_translation", lambda _original: load_translation)


def choose_help(_parts: Parts) -> None:
    """Send the help in the reader's language."""
    replace(chainlit.server, "get_markdown_str", lambda _original: help_text)


def tell_thread(_parts: Parts) -> None:
    """Let our part of the page know which thread begins."""
    replace(ChainlitEmitter, "init_thread", announcing)


def offline(original: Template, *, parts: Parts) -> Template:
    """Return a template that is the original's without what it asks of others, and with what our
    own scripts in it have to know.
    """

    def get_html_template(root_path: str) -> str:
        html = without_outside(original(root_path))
        html = html.replace(_VIEWPORT, f"{_VIEWPORT}, interactive-widget=resizes-content", 1)
        html = with_mode(html, is_personal=parts.login.is_personal)
        html = with_language(html, translation_for(ASKED.get()))
        html = with_policy(html, evaluates=has_custom_elements(Path(APP_ROOT)))
        return with_limits(html, parts.limits)

    return get_html_template


def without_outside(html: str) -> str:
    """Return a page without links and previews of other sites."""
    kept = _LINK.sub(lambda link: "" if _OUTSIDE.search(link[0]) else link[0], html)
    return _PREVIEW.sub("", kept)


def has_custom_elements(root: Path) -> bool:
    """Return whether an operator has put custom elements of their own (JSX) into `public/`."""
    return any((root / "public" / "elements").rglob("*.jsx"))


def with_policy(html: str, *, evaluates: bool) -> str:
    """Return a page in which no script runs but its own and those that it loads from here, and
    those that it makes itself if it `evaluates` text.
    """
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in _SCRIPT.findall(html))
    own = f"{hashes} 'unsafe-eval'" if evaluates else hashes
    policy = f"script-src 'self' {own}; worker-src 'self' blob:"
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}" />'
    return html.replace(_CHARSET, f"{_CHARSET}\n    {meta}", 1)


def with_limits(html: str, limits: UploadLimits) -> str:
    """Return a page in which its own scripts find what a message may have."""
    known = {
        "characters": limits.characters,
        "files": limits.files,
        "fileBytes": limits.megabytes * MEGABYTE,
        "takesText": takes_text(limits.types),
    }
    meta = f'<meta name="keepchat-limits" content="{escape(json.dumps(known))}" />'
    return html.replace(_CHARSET, f"{_CHARSET}\n    {meta}", 1)


def with_mode(html: str, *, is_personal: bool) -> str:
    """Return a page that tells its own scripts whether one person alone uses the program."""
    return html.replace("<html ", "<html data-keepchat-personal ", 1) if is_personal else html


def with_language(html: str, translation: Translation) -> str:
    """Return a page that names its language, and in which its own scripts find their words."""
    html = html.replace(' lang="en">', f' lang="{translation.tag}">', 1)
    if not translation.page:
        return html
    words = escape(json.dumps(dict(translation.page), ensure_ascii=False))
    meta = f'<meta name="keepchat-words" content="{words}" />'
    return html.replace(_CHARSET, f"{_CHARSET}\n    {meta}", 1)


def takes_text(types: Collection[str]) -> bool:
    """Tell whether files of plain text are among the types that are taken."""
    return not {ANYTHING, "text/*", "text/plain", ".txt"}.isdisjoint(types)


def _hash(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()


def announcing(original: InitThread) -> InitThread:
    """Return what begins a thread, and tells our part of the page which it is, and its name."""

    async def init_thread(emitter: ChainlitEmitter, interaction: str) -> None:
        await original(emitter, interaction)
        thread_id = emitter.session.thread_id
        if is_temporary(thread_id):
            return  # it has no address
        await emitter.send_window_message({"keepchatThread": thread_id})
        await emitter.send_window_message(title_of(thread_id, short_name(interaction)))

    return init_thread


def load_translation(_config: ChainlitConfig, language: str) -> dict[str, Any]:
    """Return what Chainlit's page says; what is not translated is in English."""
    return page_texts(translation_for(language))


def help_text(root: str, language: str) -> str | None:
    """Return what the help button shows, in English where it is not translated."""
    translated = Path(root) / f"chainlit_{translation_for(language).tag}.md"
    path = translated if translated.is_file() else Path(root) / "chainlit.md"
    return path.read_text(encoding="utf-8")
