"""What became of a file: in one sentence for people, in few words of English for the model."""

from collections.abc import Mapping, Sequence

from chat.attachments.results import Reason, Remark, RemarkKind
from chat.wording.language import Localized

_REASONS: Mapping[Reason, Localized[str]] = {
    Reason.ARCHIVE: Localized(
        en="this kind of archive cannot be opened; pack its files as .zip",
        zh="无法打开这类压缩包，请改用 .zip",
    ),
    Reason.BINARY: Localized(
        en="it is not a kind of file that can be read",
        zh="无法读取这类文件",
    ),
    Reason.BROKEN: Localized(
        en="it is damaged, or not what its name says",
        zh="文件已损坏，或内容与扩展名不符",
    ),
    Reason.DATA: Localized(
        en="it holds data for other programs; export what matters as .csv",
        zh="这是其他程序的数据文件，请将需要的内容导出为 .csv",
    ),
    Reason.DRAWING: Localized(
        en="it is a drawing for other programs; export it as a PDF",
        zh="这是其他程序的图纸文件，请导出为 PDF",
    ),
    Reason.EMPTY: Localized(en="it is empty", zh="文件是空的"),
    Reason.IMAGE: Localized(
        en="this kind of image cannot be shown; save it as .png or .jpg",
        zh="无法显示这类图片，请另存为 .png 或 .jpg",
    ),
    Reason.IWORK: Localized(
        en="it is of Apple's Pages, Numbers or Keynote; export it as a PDF",
        zh="这是 Apple 的 Pages、Numbers 或 Keynote 文件，请导出为 PDF",
    ),
    Reason.KILLED: Localized(en="reading it was stopped from outside", zh="读取过程被外部终止"),
    Reason.NO_TEXT: Localized(
        en="there is no text in it; perhaps it is a scan",
        zh="其中没有文字，可能是扫描件",
    ),
    Reason.OLD_OFFICE: Localized(
        en="it has the old Office format; save it as .docx or .pptx, or as PDF",
        zh="这是旧版 Office 格式，请另存为 .docx 或 .pptx，或 PDF",
    ),
    Reason.PASSWORD: Localized(en="it is protected with a password", zh="文件受密码保护"),
    Reason.RECORDING: Localized(
        en="sound and films are not read; attach what is said as text",
        zh="无法读取音频和视频，请附上其文字内容",
    ),
    Reason.SLOW: Localized(en="reading it took too long", zh="读取时间过长"),
    Reason.TOO_LARGE: Localized(en="it takes too much memory", zh="读取它需要的内存过多"),
    Reason.TOO_MANY_PIXELS: Localized(en="the image has too many pixels", zh="图片像素过多"),
    Reason.UNAVAILABLE: Localized(
        en="the place where files are kept does not answer",
        zh="文件存储没有响应",
    ),
}

# Halves of sentences, one for each kind; `{}` is the remark's detail.
_REMARKS: Mapping[RemarkKind, Localized[str]] = {
    RemarkKind.FIRST_FRAME: Localized(
        en="only the first of its {} pictures is shown",
        zh="共 {} 幅图像，只显示第一幅",
    ),
    RemarkKind.PICTURES: Localized(
        en="pictures in it that are left out: {}",
        zh="省略了其中的 {} 幅图片",
    ),
    RemarkKind.PARTS: Localized(
        en="files in it that are not read: {}",
        zh="其中有 {} 个文件未读取",
    ),
    RemarkKind.CUT_PARTS: Localized(
        en="parts of it of which the beginning alone is read: {}",
        zh="其中有 {} 个部分只读取了开头",
    ),
    RemarkKind.PAGES_WITHOUT_TEXT: Localized(
        en="no text on its pages {}, which may be scans",
        zh="第 {} 页没有文字，可能是扫描件",
    ),
    RemarkKind.GUESSED: Localized(
        en="it does not say its encoding, and is read as {}, the likeliest",
        zh="文件未注明编码，按最可能的 {} 读取",
    ),
    RemarkKind.DOUBTED: Localized(
        en="it does not say its encoding; it is read as {}, but some letters may be wrong",
        zh="文件未注明编码，暂按 {} 读取，部分字符可能有误",
    ),
    RemarkKind.BAD_BYTES: Localized(
        en="bytes in it that mean nothing in its encoding, each shown as �: {}",
        zh="其中有 {} 处字节在其编码中无效，显示为 �",
    ),
    RemarkKind.NULS: Localized(
        en="NUL characters in it that are left out: {}",
        zh="省略了其中的 {} 个 NUL 字符",
    ),
    RemarkKind.XFA: Localized(
        en="it is a form for Adobe's own programs (XFA), of which the data alone is read",
        zh="这是 Adobe 专用表单（XFA），只读取了其中的数据",
    ),
    RemarkKind.MACROS: Localized(
        en="its macros are left out",
        zh="省略了其中的宏",
    ),
    RemarkKind.UNFORMATTED: Localized(
        en="its numbers are as they are stored, without their formats",
        zh="其中的数字按存储值给出，未套用数字格式",
    ),
    RemarkKind.DELETED_TEXT: Localized(
        en="passages left out that tracked changes delete: {}",
        zh="省略了 {} 处修订中已删除的文字",
    ),
    RemarkKind.HIDDEN_TEXT: Localized(
        en="hidden passages left out: {}",
        zh="省略了 {} 处隐藏文字",
    ),
    RemarkKind.HIDDEN_SLIDES: Localized(
        en="hidden slides, which are read too: {}",
        zh="包括 {} 张隐藏的幻灯片",
    ),
    RemarkKind.HIDDEN_SHEETS: Localized(
        en="hidden sheets, which are read too: {}",
        zh="包括 {} 个隐藏的工作表",
    ),
    RemarkKind.HIDDEN_CELLS: Localized(
        en="hidden rows and columns, which are read too: {}",
        zh="包括 {} 个隐藏的行或列",
    ),
    RemarkKind.FORMULAS: Localized(
        en="formulas whose value is not stored, shown as formulas: {}",
        zh="有 {} 个公式没有存储结果，显示为公式本身",
    ),
    RemarkKind.LOCKED: Localized(
        en="files in it that are protected with a password: {}",
        zh="其中有 {} 个文件受密码保护",
    ),
    RemarkKind.OUTPUTS: Localized(
        en="long outputs in it that are cut: {}",
        zh="其中有 {} 段过长的输出被截短",
    ),
    RemarkKind.PREVIEW: Localized(
        en="only a preview of its first page is shown; export it as a PDF",
        zh="只显示首页预览，请导出为 PDF",
    ),
}


def remarked(remarks: Sequence[Remark]) -> str:
    """Return for the model, in half a sentence, what it gets otherwise than it is in the file."""
    return "; ".join(fact.en for fact in facts(remarks))


def facts(remarks: Sequence[Remark]) -> list[Localized[str]]:
    """Return each remark as half a sentence."""
    return [_filled(_REMARKS[it.kind], it.detail) for it in remarks]


def _filled(words: Localized[str], detail: str) -> Localized[str]:
    return Localized(en=words.en.format(detail), zh=words.zh.format(detail))


def noted(name: str, facts: Sequence[Localized[str]]) -> Localized[str]:
    """Return the one sentence about a file that was read, but not all or not surely as it is."""
    return Localized(
        en=f"“{name}”: {'; '.join(fact.en for fact in facts)}.",
        zh=f"“{name}”：{'；'.join(fact.zh for fact in facts)}。",
    )


def why(reason: Reason) -> str:
    """Return for the model why a file could not be read, as half a sentence."""
    return _REASONS[reason].en


def not_read(name: str, reason: Reason) -> Localized[str]:
    """Return the sentence about a file that could not be read."""
    words = _REASONS[reason]
    return Localized(
        en=f"“{name}” could not be read: {words.en}.", zh=f"无法读取“{name}”：{words.zh}。"
    )


def part(first: int, whole: int | None) -> str:
    """Return for the model which part of a text is there; `whole` is None where not known."""
    return (
        f"the first {first:,} of about {whole:,} tokens" if whole else f"the first {first:,} tokens"
    )


def was_cut(first: int, whole: int | None) -> Localized[str]:
    """Return that the model gets the beginning of a file, as half a sentence; in tokens."""
    of_whole = f"（共约 {whole:,} 个）" if whole else ""
    return Localized(
        en=f"it is long, and the model gets {part(first, whole)}",
        zh=f"文件较长，模型只得到前 {first:,} 个词元{of_whole}",
    )


def image_not_seen(name: str) -> Localized[str]:
    """Return the sentence about an image that the model could not look at."""
    return Localized(
        en=f"“{name}” was not sent: this model cannot see images.",
        zh=f"未发送“{name}”：此模型不能看图片。",
    )


def image_not_fitting(name: str) -> Localized[str]:
    """Return the sentence about an image for which the model's context is too small."""
    return Localized(
        en=f"“{name}” was not sent: the model has no room for another image.",
        zh=f"未发送“{name}”：模型容纳不下更多图片。",
    )


def image_refused(name: str) -> Localized[str]:
    """Return the sentence about an image that the model's server does not take."""
    return Localized(
        en=f"“{name}” was not sent: the model's server does not take this image.",
        zh=f"未发送“{name}”：模型服务器不接受此图片。",
    )
