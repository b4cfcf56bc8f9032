"""Elements, and the bytes of their files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalayer import convert
from datalayer.layer.base import LayerBase
from datalayer.layer.session import current_thread, current_user
from datalayer.pipeline.uploads import ElementBytes
from datalayer.values import as_id
from datalayer.writes import DeleteElement, SaveElement
from storage.base import OpenObject
from storage.errors import ObjectMissing

if TYPE_CHECKING:
    from chainlit.element import Element, ElementDict


class Elements(LayerBase):
    """What is called about elements."""

    async def create_element(self, element: "Element") -> None:
        write, content = self._element(element)
        await self._writing.store_later(write, content)

    def _element(self, element: "Element") -> tuple[SaveElement, ElementBytes | None]:
        """Read an element whole: Chainlit changes it while it is being stored."""
        fields: dict[str, Any] = dict(element.to_dict())
        content = _bytes_of(element)
        if content is None:
            del fields["objectKey"]  # only our own keys: a delete removes what they name
        else:
            fields |= {"objectKey": f"{element.thread_id}/{element.id}", "url": None}
        write = SaveElement(
            id=element.id,
            thread_id=element.thread_id,
            owner=current_user(),
            fields=fields,
            ready=content is None,
            revision=self._clock.next_of(element.thread_id),
        )
        return write, content

    async def get_element(self, thread_id: str, element_id: str) -> "ElementDict | None":
        known = as_id(thread_id), as_id(element_id)
        if known[0] is None or known[1] is None:
            return None
        record = await self.reads.get_element(known[0], known[1])
        return convert.element_dict(record, self._root_path) if record else None

    async def get_stored_element(self, thread_id: str, element_id: str) -> "ElementDict | None":
        """Return an element once its bytes, if they are on their way here, are stored."""
        await self._writing.of(thread_id).uploads.finished(element_id)
        return await self.get_element(thread_id, element_id)

    async def copy_elements(
        self, thread_id: str, from_step: str, to_step: str
    ) -> list["ElementDict"]:
        """Copy the elements of a step, with their files, to another one of the thread.

        Returns those of the copy. What it waits for and raises is as with `copy_thread`.
        """
        made = await self._writing.of(thread_id).copies.copy_elements(thread_id, from_step, to_step)
        return [convert.element_dict(record, self._root_path) for record in made]

    @asynccontextmanager
    async def open_element(self, thread_id: str, element_id: str) -> AsyncIterator[OpenObject]:
        """Open an element's stored bytes; raises `ObjectMissing` where there are none."""
        record = await self.reads.get_element(thread_id, element_id)
        key = record.fields.get("objectKey") if record else None
        if not isinstance(key, str):
            message = f"Element {element_id} of thread {thread_id} has no stored file."
            raise ObjectMissing(message)
        async with self.storage.open(key) as opened:
            yield opened

    async def delete_element(self, element_id: str, thread_id: str | None = None) -> None:
        home = thread_id or current_thread()
        if home is None:
            message = f"delete_element needs the thread_id of element {element_id}."
            raise ValueError(message)
        write = DeleteElement(id=element_id, thread_id=home, revision=self._clock.next_of(home))
        await self._writing.store_later(write)


def _bytes_of(element: "Element") -> ElementBytes | None:
    """Return where the bytes of an element are; None when it needs none."""
    if element.type == "custom":
        return None
    if element.content:
        content = element.content
        return content.encode("utf-8", "replace") if isinstance(content, str) else bytes(content)
    return Path(element.path) if element.path else None
