"""What those are told who are not let in: a page in a browser, JSON elsewhere."""

from html import escape

from starlette.responses import HTMLResponse, JSONResponse, Response

from access.login.base import Visit
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
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def turned_away(
    visit: Visit, text: Localized[str], *, status: int = 401, command: str = ""
) -> Response:
    """Return the answer: why nobody is let in, and the command that helps, if one does."""
    asked = visit.connection.headers.get("accept-language")
    said = text.in_language(asked)
    if not visit.wants_page:
        detail = f"{said} {command}".strip()
        return JSONResponse({"detail": detail}, status, HEADERS)
    shown = f"<code>{escape(command)}</code>" if command else ""
    page = _PAGE.format(language=_tag(translation_for(asked)), text=escape(said), command=shown)
    return HTMLResponse(page, status, HEADERS)


def _tag(translation: Translation) -> str:
    """Return the language that a sentence of ours is in."""
    is_known = translation.is_ours or is_chinese(translation.tag)
    return translation.tag if is_known else ENGLISH
