"""What went wrong with the model, in a sentence that says what to do: to those who can mend it
which setting to look at, to the others what they can do themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chat.models.base import ServerBusy, Variables
from chat.wording.faults import Fault, causes_of, fault_of, words_of
from chat.wording.language import Localized

SHOWN = 300  # characters of what a server says
CAUSES_SHOWN = 1_000


OPERATOR = "operator"  # in the metadata of a user who runs the program


@dataclass(frozen=True, slots=True)
class Sentence:
    """What those read who run the program, and what all others."""

    operator: Localized[str]
    user: Localized[str]


EDIT_REFUSED = Localized(
    en="This message cannot be edited here. Reload the page and try again.",
    zh="此消息无法在这里编辑。请刷新页面后重试。",
)
TELL = Localized(
    en="The model cannot be used at the moment. Please tell whoever runs this chat.",
    zh="模型目前无法使用。请告知本聊天的管理者。",
)


_IN_BRACKETS = Localized(en=" ({words})", zh="（{words}）")
_SECONDS = Localized(en="{number} s", zh=" {number} 秒")
_MINUTES = Localized(en="{number} minutes", zh=" {number} 分钟")


def _all(en: str, zh: str) -> Sentence:
    """Return what everybody reads: anybody can do it."""
    said = Localized(en=en, zh=zh)
    return Sentence(said, said)


def _operators(en: str, zh: str) -> Sentence:
    """Return what only those can mend who run the program."""
    return Sentence(Localized(en=en, zh=zh), TELL)


_SENTENCES: Mapping[Fault, Sentence] = {
    Fault.THREAD_DELETED: _all(
        "This conversation was deleted. Start a new chat; nothing is kept here.",
        "此对话已被删除。请新建对话；这里的内容不会保存。",
    ),
    Fault.QUESTION_REFUSED: _all(
        "This message belongs to another conversation and is refused. Reload the page, ask again.",
        "这条消息属于另一个对话，已被拒绝。请刷新页面后重新提问。",
    ),
    Fault.QUESTION_UNSAVED: _all(
        "This message could not be saved, and so is not answered. Copy it, and send it again when "
        "messages can be saved again.",
        "这条消息无法保存，因此没有作答。请复制下来，待恢复保存后重新发送。",
    ),
    Fault.BROKE_OFF: Sentence(
        Localized(
            en="The answer broke off{said}. Go on with it, or try again.",
            zh="回答中断了{said}。可以继续，或重试。",
        ),
        Localized(
            en="The answer broke off. Go on with it, or try again.",
            zh="回答中断了。可以继续，或重试。",
        ),
    ),
    Fault.PROVIDER_LOST: _all(
        "The answer broke off: the model's provider lost its connection. Go on with it, or try "
        "again.",
        "回答中断了：模型服务商的连接已断开。可以继续，或重试。",
    ),
    Fault.OVERLOADED_MIDWAY: _all(
        "The answer broke off: the model's server has too much to do. Go on with it in a moment.",
        "回答中断了：模型服务器过于繁忙。请稍后继续。",
    ),
    Fault.LATE_MIDWAY: _all(
        "The answer broke off: the model's server said nothing for too long. Go on with it "
        "in a moment.",
        "回答中断了：模型服务器太久没有响应。请稍后继续。",
    ),
    Fault.WITHHELD: _all(
        "The model's provider held an answer back by its rules on content. Ask in other words.",
        "模型服务商按其内容规则未给出回答。请换一种说法再问。",
    ),
    Fault.EMPTY: _all(
        "The model gave an empty answer. Ask again, perhaps in other words.",
        "模型给出了空回答。请再问一次，或换一种说法。",
    ),
    Fault.CONTENT: _all(
        "The model's provider refuses this by its rules on content. Ask in other words; this "
        "message is not sent again.",
        "模型服务商按其内容规则拒绝了此消息。请换一种说法再问；此消息不会再次发送。",
    ),
    Fault.TOO_LONG: Sentence(
        Localized(
            en="This is too long for the model. Shorten the message, start a new chat, or lower "
            "MODEL_CONTEXT_TOKENS to what the model takes.",
            zh="内容对模型来说太长。请缩短消息或新建对话，或将 MODEL_CONTEXT_TOKENS "
            "降低到模型能接受的大小。",
        ),
        Localized(
            en="This is too long for the model. Shorten the message, or start a new chat.",
            zh="内容对模型来说太长。请缩短消息或新建对话。",
        ),
    ),
    Fault.TOO_LARGE: Sentence(
        Localized(
            en="The model's server takes no message as large as this. Send fewer or smaller files, "
            "start a new chat, or raise the limit of the server or of the proxy before it.",
            zh="消息过大，模型服务器不接受。请减少或缩小文件、新建对话，或提高该服务器"
            "（或其前面的代理）的大小限制。",
        ),
        Localized(
            en="The model's server takes no message as large as this. Send fewer or smaller files, "
            "or start a new chat.",
            zh="消息过大，模型服务器不接受。请减少或缩小文件，或新建对话。",
        ),
    ),
    Fault.TOO_MANY_OUTPUT: Sentence(
        Localized(
            en="The model gives no answers as long as that. Lower the longest answer in the chat "
            "settings, or MODEL_ANSWER_TOKENS.",
            zh="模型不能给出这么长的回答。请在聊天设置中降低最长回答，或降低 MODEL_ANSWER_TOKENS。",
        ),
        Localized(
            en="The model gives no answers as long as that. Lower the longest answer in the chat "
            "settings.",
            zh="模型不能给出这么长的回答。请在聊天设置中降低最长回答。",
        ),
    ),
    Fault.TEMPERATURE: _all(
        "This model takes no temperature. Set it back in the chat settings.",
        "此模型不支持温度。请在聊天设置中恢复默认。",
    ),
    Fault.IMAGES: _all(
        "This model takes no images. Ask without them.",
        "此模型不接受图片。请去掉图片再问。",
    ),
    Fault.BAD_IMAGE: _all(
        "The model's server does not take this image. Send another, or none.",
        "模型服务器不接受此图片。请换一张，或不发送图片。",
    ),
    Fault.REQUEST: Sentence(
        Localized(
            en="The model's server refuses the request{said}.",
            zh="模型服务器拒绝了请求{said}。",
        ),
        Localized(
            en="The model's server refuses this message. Ask in other words, or tell whoever runs "
            "this chat.",
            zh="模型服务器拒绝了此消息。请换一种说法，或告知本聊天的管理者。",
        ),
    ),
    Fault.KEY: _operators(
        "The model's server refuses the key. Check {key}.",
        "模型服务器拒绝了密钥。请检查 {key}。",
    ),
    Fault.FORBIDDEN: _operators(
        "The key may not use this model. Check OPENAI_MODEL.",
        "该密钥无权使用此模型。请检查 OPENAI_MODEL。",
    ),
    Fault.CREDIT: _operators(
        "The credit or quota of the key is used up. Top up the account behind {key}.",
        "该密钥的余额或配额已用完。请为 {key} 对应的账户充值。",
    ),
    Fault.REGION: _operators(
        "The model's provider does not serve this country or region. Set {url} to another service.",
        "模型服务商不在此国家或地区提供服务。请将 {url} 设为其他服务。",
    ),
    Fault.NO_MODEL: _operators(
        "The model does not exist there. Check OPENAI_MODEL.",
        "该服务器上没有此模型。请检查 OPENAI_MODEL。",
    ),
    Fault.DEPRECATED: _operators(
        "The model is not offered any more. Set OPENAI_MODEL to another one.",
        "此模型已停止提供。请将 OPENAI_MODEL 设为其他模型。",
    ),
    Fault.NOT_LOADED: Sentence(
        Localized(
            en="The model's server has not loaded the model. Load it there, and ask again.",
            zh="模型服务器尚未加载此模型。请在那里加载，然后再问。",
        ),
        Localized(
            en="The model is not loaded yet. Ask again in a few minutes, or tell whoever runs this "
            "chat.",
            zh="模型尚未加载。请几分钟后再问，或告知本聊天的管理者。",
        ),
    ),
    Fault.BUSY: _all(
        "The model's server is busy. Try again in a moment.",
        "模型服务器繁忙。请稍后再试。",
    ),
    Fault.BUSY_FOR: _all(
        "The model's server is busy, and asks to come back in {wait}. Try again then.",
        "模型服务器繁忙，要求{wait}后再试。请届时重试。",
    ),
    Fault.SERVER: _all(
        "The model's server has a fault. Try again in a moment.",
        "模型服务器出现故障。请稍后再试。",
    ),
    Fault.WRONG_PATH: _operators(
        "There is nothing to ask at this address. Check {url}: mostly it ends in /v1, and neither "
        "in /chat/completions nor in the name of the host.",
        "该地址上没有可用的接口。请检查 {url}：它通常以 /v1 结尾，不应以 /chat/completions "
        "结尾，也不应只有主机名。",
    ),
    Fault.NO_CHAT_API: _operators(
        "What answers at this address is no chat API{said}. Check {url}: mostly it ends in /v1.",
        "该地址上的服务不是聊天接口{said}。请检查 {url}：它通常以 /v1 结尾。",
    ),
    Fault.CERTIFICATE: _operators(
        "The certificate of the model's server is not trusted. Check {url}, or let SSL_CERT_FILE "
        "name a file with your own authority.",
        "模型服务器的证书不受信任。请检查 {url}，或让 SSL_CERT_FILE 指向包含您自己的证书"
        "颁发机构的文件。",
    ),
    Fault.NO_TLS: _operators(
        "The model's server speaks no TLS at this address. Check whether {url} begins with http: "
        "or https:.",
        "模型服务器在该地址不支持 TLS。请检查 {url} 应以 http: 还是 https: 开头。",
    ),
    Fault.PROXY: _operators(
        "The proxy refuses the way to the model's server, or cannot be reached. Check HTTPS_PROXY, "
        "HTTP_PROXY and NO_PROXY.",
        "代理拒绝连接模型服务器，或代理无法访问。请检查 HTTPS_PROXY、HTTP_PROXY 和 NO_PROXY。",
    ),
    Fault.UNKNOWN_HOST: _operators(
        "The model's server cannot be reached: there is no host of this name. Check {url}.",
        "无法连接模型服务器：找不到该主机名。请检查 {url}。",
    ),
    Fault.NOBODY_LISTENS: _operators(
        "The model's server cannot be reached: nobody listens at this address. Start it, or check "
        "{url}.",
        "无法连接模型服务器：该地址没有服务在监听。请启动它，或检查 {url}。",
    ),
    Fault.UNREACHABLE: Sentence(
        Localized(
            en="The model's server cannot be reached. Check {url}.",
            zh="无法连接模型服务器。请检查 {url}。",
        ),
        Localized(
            en="The model's server cannot be reached. Try again in a moment, or tell whoever runs "
            "this chat.",
            zh="无法连接模型服务器。请稍后再试，或告知本聊天的管理者。",
        ),
    ),
    Fault.LATE: Sentence(
        Localized(
            en="The model did not answer in time. Try again in a moment, or raise "
            "MODEL_LOAD_TIMEOUT_S.",
            zh="模型未能及时回答。请稍后再试，或提高 MODEL_LOAD_TIMEOUT_S。",
        ),
        Localized(
            en="The model did not answer in time. Try again in a moment.",
            zh="模型未能及时回答。请稍后再试。",
        ),
    ),
    Fault.OTHER: Sentence(
        Localized(
            en="Something went wrong while answering. Your message is kept; the log has the cause.",
            zh="回答时出现问题。您的消息已保留；原因见日志。",
        ),
        Localized(
            en="Something went wrong while answering. Your message is kept. Ask again, or tell "
            "whoever runs this chat.",
            zh="回答时出现问题。您的消息已保留。请再问一次，或告知本聊天的管理者。",
        ),
    ),
}


def sentences_for(exc: BaseException, variables: Variables | None = None) -> Sentence:
    """Return the sentences for an error, general ones for an error that is not known.

    `variables` are the settings that name the model's server.
    """
    sentence, said = _SENTENCES[fault_of(exc)], shortened(words_of(exc))
    names = variables or Variables()
    values = {
        "key": names.key,
        "url": names.url,
        "said": _IN_BRACKETS.filled(words=said) if said else "",
        "wait": wait_in_words(exc.seconds if isinstance(exc, ServerBusy) else 0.0),
    }
    return Sentence(sentence.operator.filled(**values), sentence.user.filled(**values))


def sentence_for(exc: BaseException, variables: Variables | None = None) -> str:
    """Return what those read who run the program, in English."""
    return str(sentences_for(exc, variables).operator)


def in_one_line(exc: BaseException) -> str:
    """Return an error and what is behind it, for the log."""
    causes = (f"{type(one).__name__}: {words_of(one)}" for one in causes_of(exc))
    return shortened(" <- ".join(causes), CAUSES_SHOWN)


def shortened(text: str, characters: int = SHOWN) -> str:
    """Return a text as one line of so many characters at most."""
    line = " ".join(text.split())
    return line if len(line) <= characters else f"{line[: characters - 1]}…"


def wait_in_words(seconds: float) -> Localized[str]:
    """Return how long to wait, in seconds or whole minutes."""
    if seconds < 120:
        return _SECONDS.filled(number=max(1, round(seconds)))
    return _MINUTES.filled(number=round(seconds / 60))
