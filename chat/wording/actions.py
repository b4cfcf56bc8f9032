"""What is said of what a person does with answers that are there."""

from chat.wording.language import Localized

# At the beginning: of a long name the sidebar shows no end.
BRANCH = Localized(en="Branch: {name}", zh="分支：{name}")
BEFORE_EDIT = Localized(en="Before the edit: {name}", zh="编辑前：{name}")
KEPT = Localized(
    en="What followed is kept in the conversation “{name}”.",
    zh="后续内容已保留在对话“{name}”中。",
)
BUSY = Localized(
    en="An answer is being written in this conversation. Wait for it, or stop it.",
    zh="此对话中正在生成回答。请等待其完成，或将其停止。",
)
CANNOT = Localized(
    en="This cannot be done here any more. Reload the page.",
    zh="此处已无法执行该操作。请重新加载页面。",
)
NOT_OPEN = Localized(
    en="This conversation is not open here any more. Reload the page.",
    zh="此对话已不在此处打开。请重新加载页面。",
)
NOT_KEPT = Localized(
    en="The message was not changed: what follows it could not be kept as a conversation of its "
    "own. Try again.",
    zh="消息未更改：其后的内容无法保留为单独的对话。请重试。",
)
NO_BRANCH = Localized(
    en="No branch was made: the conversation could not be copied. Reload the page, and try again.",
    zh="未建立分支：无法复制此对话。请重新加载页面后再试。",
)
EDIT_TOO_LONG = Localized(
    en="Your message would have {length} characters, and a message may have {most}. It stays as it "
    "was.",
    zh="您的消息将有 {length} 个字符，而消息最多 {most} 个字符。消息保持原样。",
)
