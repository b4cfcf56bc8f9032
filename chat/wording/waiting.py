"""What an answer waits for, in a sentence."""

from chat.models.base import Waiting
from chat.wording.language import Localized
from chat.wording.sentences import wait_in_words

_BUSY = Localized(
    en="*The model's server is busy. It is asked again in {wait}.*",
    zh="*模型服务器繁忙，将在{wait}后重新请求。*",
)
_BUSY_NOW = Localized(
    en="*The model's server is busy. It is asked again now.*",
    zh="*模型服务器繁忙，正在重新请求。*",
)
_LOADING = Localized(
    en="*The model is being loaded. This may take some minutes.*",
    zh="*正在加载模型，可能需要几分钟。*",
)
_SLOW = Localized(
    en="*The model has not said anything yet. Perhaps it is being loaded; this may take some "
    "minutes.*",
    zh="*模型还没有回应。可能正在加载，这可能需要几分钟。*",
)


def sentence_for(waiting: Waiting) -> Localized[str]:
    """Return what is waited for, and how long where that is known."""
    match waiting.reason:
        case "loading":
            return _LOADING
        case "slow":
            return _SLOW
        case "busy":
            if waiting.seconds is None:
                return _BUSY_NOW
            return _BUSY.filled(wait=wait_in_words(waiting.seconds))
