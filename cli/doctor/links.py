"""Whether the signed links of a storage work from here."""

import time
import uuid
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx2

from storage.base import Storage
from storage.errors import StorageDenied

LONGEST_WAIT_S = 10.0
MOST_SKEW_S = 60.0
_CONTENT = b"Keepchat tries a link."
_EXPIRES_S = 60
_CHECK = "Check endpoint_url (S3) or account_url (Azure) in STORAGE_URL"

Problem = tuple[str, str]  # what is wrong, and the remedy


async def try_link(files: Storage, folder: str, *, for_browsers: bool = False) -> Problem | None:
    """Follow a link to an object made for that; returns what is wrong, if anything is.

    `for_browsers` says whether browsers are sent to such links. Raises the storage's errors.
    """
    key = f"{folder}/{uuid.uuid4()}"
    await files.put(key, _CONTENT, mime="text/plain")
    try:
        link = await files.read_url(key, _EXPIRES_S)
        if not link:
            return None
        return await _follow(link) or (reach_of(link) if for_browsers else None)
    except StorageDenied as exc:  # what needs no link works
        return "Links cannot be signed.", str(exc)
    finally:
        await files.delete([key])


async def _follow(link: str) -> Problem | None:
    try:
        async with httpx2.AsyncClient(timeout=LONGEST_WAIT_S) as client:
            answer = await client.get(link)
    except httpx2.HTTPError as exc:
        what = f"A signed link cannot be followed from here ({type(exc).__name__})."
        return what, f"{_CHECK}; for S3 addressing_style=path may help."
    return problem_of(answer, time.time())


def problem_of(answer: httpx2.Response, now: float) -> Problem | None:
    """Judge the answer to the link, `now` in seconds since 1970, UTC."""
    if answer.is_redirect:
        return "A signed link leads elsewhere.", "Name the bucket's own region in STORAGE_URL."
    if answer.status_code != httpx2.codes.OK:
        what = f"A signed link is answered with {answer.status_code}."
        return what, f"{_CHECK}, the region, and the right to read."
    if answer.content != _CONTENT:
        return "A signed link gives something else.", f"{_CHECK}."
    if abs(skew := _skew(answer, now)) > MOST_SKEW_S:
        what = f"This machine's clock differs from the storage's by {skew:.0f} s."
        return what, "Set the clock: with more, all requests are refused."
    return None


def reach_of(link: str) -> Problem | None:
    """Say what keeps browsers elsewhere from following the link, if anything does."""
    parts = urlsplit(link)
    host = parts.hostname or ""
    if parts.scheme == "https" and ("." in host or ":" in host):
        return None
    what = f"STORAGE_REDIRECT=on sends browsers to {parts.scheme}://{parts.netloc}."
    remedy = (
        "Browsers elsewhere may not reach it: name an https address that they know, "
        "or set STORAGE_REDIRECT=off."
    )
    return what, remedy


def _skew(answer: httpx2.Response, now: float) -> float:
    try:
        return now - parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):  # it says no time
        return 0.0
