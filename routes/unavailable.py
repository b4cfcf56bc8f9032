"""What a request is answered that needs the database or the storage while that is away."""

from fastapi import Request
from fastapi.responses import Response

from access.guard.away import try_again
from chat.wording.unavailable import STOPPING, STORAGE
from datalayer.errors import WriterClosed
from storage.errors import StorageUnavailable


async def unavailable(request: Request, exc: Exception) -> Response:
    """Answer with 503 instead of a `StoreUnavailable`, `StorageUnavailable` or `WriterClosed`."""
    if isinstance(exc, WriterClosed):
        return try_again(request.scope, STOPPING)
    if isinstance(exc, StorageUnavailable):
        return try_again(request.scope, STORAGE)
    return try_again(request.scope)
