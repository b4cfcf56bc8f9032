"""What a request is answered that cannot be done, where people read it."""

from chat.wording.language import Localized

SIGN_IN = Localized(en="Sign in first.", zh="请先登录。")
MISSING = Localized(
    en="There is no such thing, or it is not yours.", zh="该内容不存在，或不属于您。"
)
FAILED = Localized(
    en="Something went wrong here. It is in the program's log.",
    zh="出现问题，详情见程序日志。",
)
NO_FOLDER_NAME = Localized(en="A folder needs a name.", zh="文件夹需要名称。")
NO_SHARING = Localized(en="Sharing is switched off.", zh="分享功能已关闭。")
NOT_SHARED = Localized(
    en="This conversation is not shared, or not any more.", zh="此对话未分享，或已取消分享。"
)
NOT_COPIED = Localized(
    en="The conversation could not be copied. Reload the page, and try again.",
    zh="无法复制此对话。请重新加载页面后再试。",
)
NO_SESSION = Localized(
    en="There is no such session of yours.", zh="您没有此会话。"
)  # of those in which somebody has signed in
NO_PASSWORDS = Localized(en="There are no passwords here.", zh="此处不使用密码。")
NO_RENEWAL = Localized(
    en="A login is not renewed here. Sign in again.", zh="此处不会续期登录。请重新登录。"
)

# Of files. Where one is attached, the page names it before the sentence.
PAGE_LOST = Localized(
    en="This page has lost its connection. Reload it.", zh="此页面已断开连接。请重新加载。"
)
EMPTY = Localized(en="The file is empty.", zh="文件是空的。")
WRONG_TYPE = Localized(en="Files of this type are not taken here.", zh="此处不接受该类型的文件。")
FILE_TOO_LARGE = Localized(en="A file may have {most} MB at most.", zh="文件最大为 {most} MB。")
TOO_MANY_WAIT = Localized(
    en="Too many files wait for their message. Send it, or reload.",
    zh="等待随消息发送的文件过多。请发送消息，或重新加载页面。",
)
SIGN_IN_FOR_FILE = Localized(en="Sign in to see this file.", zh="请登录后查看此文件。")
NO_FILE = Localized(
    en="There is no such file, or it is not yours to see.", zh="文件不存在，或您无权查看。"
)
FILE_LOST = Localized(
    en="There is no such file in the storage: it was lost, or waits.",
    zh="存储中没有此文件：可能已丢失，或尚未存入。",
)

# Of what comes too large or too late.
REQUEST_TOO_LARGE = Localized(
    en="A request may have {most} MB at most.", zh="请求最大为 {most} MB。"
)
REQUEST_TOO_SLOW = Localized(
    en="The request did not arrive within {seconds} s.", zh="请求未能在 {seconds} 秒内送达。"
)
FOREIGN = Localized(
    en="This request comes from {where}, which is not this chat's own page. Whoever runs the chat "
    "can allow it in ALLOWED_ORIGINS.",
    zh="此请求来自 {where}，而不是本聊天程序自己的页面。管理者可在 ALLOWED_ORIGINS 中允许它。",
)
