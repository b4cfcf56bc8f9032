"""The standing line in the page that says which model answers, where people have to know."""

from dataclasses import dataclass

from chat.models.registry import Models, Origin
from chat.wording.language import Localized


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for the page; `kind` is `info` or `warning`."""

    kind: str
    text: Localized[str]


DEMO = Notice(
    kind="warning",
    text=Localized(
        en="A small demo model answers here, and it is often wrong. To connect a real one, set "
        "OPENAI_API_KEY (or OPENAI_BASE_URL) in .env, or start Ollama, and restart.",
        zh="当前由内置的小型演示模型作答，回答经常出错。要接入真正的模型，请在 .env 中设置 "
        "OPENAI_API_KEY（或 OPENAI_BASE_URL），或启动 Ollama，然后重新启动本程序。",
    ),
)
OLLAMA = Localized(
    en="{model} answers, by Ollama on this computer.",
    zh="由本机 Ollama 上的 {model} 作答。",
)


def notice_about(models: Models) -> Notice | None:
    """Return what people have to know of the models; None where somebody has set them."""
    match models.origin:
        case Origin.BUILT_IN:
            return DEMO
        case Origin.OLLAMA:
            return Notice(kind="info", text=OLLAMA.filled(model=models.default.name))
        case Origin.SETTINGS:
            return None
