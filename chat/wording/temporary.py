"""What is said of conversations of which nothing is stored."""

from chat.wording.language import Localized

TOO_LATE = Localized(
    en="This conversation has begun. Only a new one can be temporary.",
    zh="此对话已经开始。只有新对话才能设为临时对话。",
)
GONE = Localized(
    en="This temporary chat has ended, and nothing of it is kept. Your message was not sent: it is "
    "back in the box. Begin a new conversation.",
    zh="此临时对话已结束，未保留任何内容。消息未发送，已放回输入框。请开始新对话。",
)
DROPPED = Localized(
    en="What followed is gone: nothing of a temporary chat is kept.",
    zh="其后的内容已删除：临时对话不保留任何内容。",
)
