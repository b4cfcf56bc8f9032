"""What a person is told while the database or the storage of files cannot be reached."""

from contextlib import suppress
from dataclasses import dataclass

import chainlit as cl
from chainlit.context import ChainlitContextException

from chat.wording.language import Localized

DATABASE = "The database cannot be reached."
TRY_AGAIN = Localized(
    en=f"{DATABASE} Try again in a few seconds.", zh="无法连接数据库。请几秒后再试。"
)
NO_ANSWER = Localized(
    en="The database or the storage of files does not answer. Try again in a few seconds.",
    zh="数据库或文件存储没有响应。请几秒后再试。",
)
FILE_AWAY = Localized(
    en="The file cannot be read at the moment. Try again in a few seconds.",
    zh="目前无法读取此文件。请几秒后再试。",
)
STORAGE = Localized(
    en="The storage of files cannot be reached. Try again in a few seconds.",
    zh="无法连接文件存储。请几秒后再试。",
)
STOPPING = Localized(
    en="The program is being stopped. Try again in a few seconds.",
    zh="程序正在停止。请几秒后再试。",
)


@dataclass(frozen=True, slots=True)
class Unstored:
    """What is said of something that is not stored: not yet, nowhere for now, or never."""

    late: str
    unkept: str
    failed: str


QUESTION = Localized(
    en=Unstored(
        late=f"{DATABASE} Your message is kept in memory and stored when it is back.",
        unkept="This message could not be saved.",
        failed="This message could not be saved.",
    ),
    zh=Unstored(
        late="无法连接数据库。您的消息保存在内存中，数据库恢复后会存储。",
        unkept="此消息无法保存。",
        failed="此消息无法保存。",
    ),
)
ANSWER = Localized(
    en=Unstored(
        late=f"{DATABASE} This answer is kept in memory and stored when it is back.",
        unkept="This answer cannot be saved now. It is kept in memory, and lost if the program "
        "ends before it can be saved.",
        failed="This answer could not be saved.",
    ),
    zh=Unstored(
        late="无法连接数据库。此回答保存在内存中，数据库恢复后会存储。",
        unkept="此回答目前无法保存，暂时保存在内存中；如果程序在保存之前结束，回答会丢失。",
        failed="此回答无法保存。",
    ),
)
FILES_LATE = Localized(
    en="What you attached is not saved yet. It is kept in memory, and lost if the program ends "
    "before it can be saved.",
    zh="您的附件尚未保存，暂时保存在内存中；如果程序在保存之前结束，附件会丢失。",
)
_FILE = Localized(
    en="“{name}” could not be kept: the storage of files cannot be reached, or refuses it. Send it "
    "again later; the log has the cause.",
    zh="无法保存“{name}”：文件存储无法访问或拒绝了它。请稍后重新发送；原因见日志。",
)


NOTHING_KEPT = Localized(
    en="Nothing can be saved at the moment. Your message was not sent: it is back in the box.",
    zh="目前无法保存任何内容。消息未发送，已放回输入框。",
)
TOO_LONG = Localized(
    en="Your message has {length} characters, and a message may have {most}. It was not sent: it "
    "is back in the box. Shorten it, or attach it as a file.",
    zh="您的消息有 {length} 个字符，而消息最多 {most} 个字符。消息未发送，已放回输入框。"
    "请缩短，或作为文件附上。",
)
FILES_NOT_HERE = Localized(
    en="The program was restarted and does not have your files any more. Your message was not "
    "sent: it is back in the box. See that its files are attached, and send it again.",
    zh="程序已重新启动，您的文件已不在服务器上。消息未发送，已放回输入框。"
    "请确认文件已附上，然后重新发送。",
)


async def show_file_lost(name: str) -> None:
    """Tell whoever sent a file that it is not stored."""
    with suppress(ChainlitContextException):  # nobody's page sent it
        await cl.context.emitter.send_toast(_FILE.filled(name=name).of_session(), "error")
