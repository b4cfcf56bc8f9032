"""The standing line in the page that says which model answers, where people have to know."""

from dataclasses import dataclass

from chat.models.registry import Models, Origin


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


def notice_about(models: Models) -> Notice | None:
    """Return what people have to know of the models; None where somebody has set them."""
    match models.origin:
        case Origin.BUILT_IN:
            return DEMO
        case Origin.OLLAMA:
            return _ollama(models.default.name)
        case Origin.SETTINGS:
            return None


def _ollama(model: str) -> Notice:
    return Notice(
        kind="info",
        en=f"{model} answers, by Ollama on this computer.",
        zh=f"由本机 Ollama 上的 {model} 作答。",
    )
