"""The routes by which a person orders their conversations: pinned, in folders or in the archive."""

from typing import Annotated, Any, Literal

from chainlit.server import UserParam
from chainlit.types import PaginatedResponse, Pagination, ThreadDict
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, StringConstraints

from access.guard import owners
from chat.wording.refusals import NO_FOLDER_NAME
from datalayer.layer import KeepchatDataLayer
from datalayer.sections import ARCHIVED, FOLDER, PINNED, folder_name

PATH = "/keepchat/sidebar"

Name = Annotated[str, StringConstraints(max_length=1_000)]


class NewPlace(BaseModel):
    """What becomes of a conversation's place; what is not given stays as it is."""

    pinned: bool | None = None
    archived: bool | None = None
    folder: Name | None = None
    """Empty for none."""


class FolderChange(BaseModel):
    """The folder whose conversations are to be in another one; without a `name` in none."""

    folder: Name
    name: Name | None = None


class DeleteAll(BaseModel):
    """Says so once more, as nobody does it by chance."""

    all: Literal[True]


def sidebar_router(layer: KeepchatDataLayer, prefix: str) -> APIRouter:
    """Return the routes; each is about what whoever asks has."""
    router = APIRouter(prefix=prefix + PATH, include_in_schema=False)

    @router.get("/folders")
    async def get_folders(user: UserParam) -> dict[str, Any]:
        return {"folders": await layer.list_folders(await owners.user_id(layer, user))}

    @router.put("/folders")
    async def put_folder(change: FolderChange, user: UserParam) -> dict[str, Any]:
        name = None if change.name is None else _named(change.name)
        owner, folder = await owners.user_id(layer, user), folder_name(change.folder)
        if folder is None or folder == name:
            return {"moved": 0}
        return {"moved": await layer.rename_folder(owner, folder, name)}

    @router.put("/threads/{thread_id}")
    async def put_place(thread_id: str, place: NewPlace, user: UserParam) -> dict[str, Any]:
        known_id = await owners.require_thread(layer, user, thread_id)
        if metadata := _metadata(place):
            await layer.update_thread(known_id, metadata=metadata)
        return {"placed": known_id, "folder": metadata.get(FOLDER)}

    @router.delete("/threads")
    async def delete_all(_said: DeleteAll, user: UserParam) -> dict[str, Any]:
        return {"deleted": await layer.delete_threads(await owners.user_id(layer, user))}

    return router


async def list_section(
    layer: KeepchatDataLayer, asker: owners.Asker | None, section: str, pagination: Pagination
) -> PaginatedResponse[ThreadDict]:
    """Return a page of a section of the asker's sidebar."""
    return await layer.list_section(await owners.user_id(layer, asker), section, pagination)


def _metadata(place: NewPlace) -> dict[str, Any]:
    """Return what the conversation's metadata are to say. In the archive nothing is pinned."""
    said: dict[str, Any] = {}
    if place.pinned is not None:
        said[PINNED] = place.pinned or None
    if place.archived is not None:
        said[ARCHIVED] = place.archived or None
    if place.archived:
        said[PINNED] = None
    if place.folder is not None:
        said[FOLDER] = folder_name(place.folder)
    return said


def _named(text: str) -> str:
    name = folder_name(text)
    if name is None:
        raise HTTPException(422, NO_FOLDER_NAME.of_request())
    return name
