"""What those are told who do not get what they ask for: a page in a browser, JSON elsewhere."""

from collections.abc import Mapping
from html import escape

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Scope

from chat.wording.catalogue import ENGLISH, Translation, is_chinese
from chat.wording.language import Localized, translation_for

_PAGE = """<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Keepchat</title>
<style>
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 20vh auto; padding: 0 1rem;
  color-scheme: light dark; background: Canvas; color: CanvasText; }}
code {{ display: block; padding: .75rem 1rem; border: 1px solid GrayText; border-radius: .5rem;
  overflow-wrap: anywhere; user-select: all; }}
</style></head>
<body><h1>Keepchat</h1><p>{text}</p>{command}</body>
</html>
"""
NOT_KEPT = {"Cache-Control": "no-store"}
HEADERS = {**NOT_KEPT, "Referrer-Policy": "no-referrer"}


def told(
    scope: Scope,
    text: Localized[str],
    status: int,
    *,
    command: str = "",
    headers: Mapping[str, str] = NOT_KEPT,
) -> Response:
    """Return the answer: a sentence, in the language of who reads it, and a command that helps."""
    asked = Headers(scope=scope).get("accept-language")
    said = text.in_language(asked)
    if not wants_page(scope):
        return JSONResponse({"detail": f"{said} {command}".strip()}, status, headers)
    shown = f"<code>{escape(command)}</code>" if command else ""
    page = _PAGE.format(language=_tag(translation_for(asked)), text=escape(said), command=shown)
    return HTMLResponse(page, status, headers)


def wants_page(scope: Scope) -> bool:
    """Tell whether a browser loads a page, and not one of its parts."""
    return scope.get("method") == "GET" and "text/html" in Headers(scope=scope).get("accept", "")


def _tag(translation: Translation) -> str:
    """Return the language that a sentence of ours is in."""
    is_known = translation.is_ours or is_chinese(translation.tag)
    return translation.tag if is_known else ENGLISH
