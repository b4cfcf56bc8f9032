"""The standing line in the page that says which model answers, where people have to know."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import JSONResponse

PATH = "/keepchat/notice"


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the page in English and in Chinese; `kind` is `info` or `warning`."""

    kind: str
    en: str
    zh: str


DEMO = Notice(
    kind="warning",
    en="A small demo model answers here, and it is often wrong. To connect a real one, set "
    "OPENAI_API_KEY (or OPENAI_BASE_URL) in .env, or start Ollama, and restart.",
    zh="当前由内置的小型演示模型作答，回答经常出错。要接入真正的模型，请在 .env 中设置 "
    "OPENAI_API_KEY（或 OPENAI_BASE_URL），或启动 Ollama，然后重新启动本程序。",
)


def ollama(model: str) -> Notice:
    """Return the line that names the model of an Ollama on this machine."""
    return Notice(
        kind="info",
        en=f"{model} answers, by Ollama on this computer.",
        zh=f"由本机 Ollama 上的 {model} 作答。",
    )


def notice_router(notice: Notice | None, prefix: str) -> APIRouter:
    """Return the route from which the page fetches the line; empty texts where there is none."""
    router = APIRouter(prefix=prefix)

    @router.get(PATH)
    async def get_notice() -> JSONResponse:
        shown = notice or Notice("info", "", "")
        return JSONResponse({"kind": shown.kind, "en": shown.en, "zh": shown.zh})

    return router
