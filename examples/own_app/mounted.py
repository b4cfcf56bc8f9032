"""The same app within one of FastAPI's: `uvicorn mounted:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chainlit.data import get_data_layer
from chainlit.utils import mount_chainlit
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Close the layer: nobody else does where Chainlit is mounted."""
    yield
    if layer := get_data_layer():
        await layer.close()


app = FastAPI(lifespan=lifespan)


@app.get("/hello")
async def hello() -> str:
    """Something else of the app."""
    return "Hello."


mount_chainlit(app, "app.py", "/chat")
