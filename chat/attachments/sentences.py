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
        en="it is a drawing or a book of pages for other programs; export it as a PDF",
        zh="这是其他程序的图纸或页面文件，请导出为 PDF",
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
    Reason.NO_TEXT: Localized(en="there is no text in it", zh="其中没有文字"),
    Reason.OLD_OFFICE: Localized(
        en="it has the old Office format; save it as .docx or .pptx, or as PDF",
        zh="这是旧版 Office 格式，请另存为 .docx 或 .pptx，或 PDF",
    ),
    Reason.PASSWORD: Localized(en="it is protected with a password", zh="文件受密码保护"),
    Reason.RECORDING: Localized(
        en="sound and films are not read; attach what is said as text",
        zh="无法读取音频和视频，请附上其文字内容",
    ),
    Reason.RIGHTS: Localized(
        en="it is protected by digital rights (DRM), and opens in its seller's programs alone",
        zh="文件受数字版权（DRM）保护，只能用销售方的程序打开",
    ),
    Reason.SCAN: Localized(
        en="there is no text in it; perhaps it is a scan",
        zh="其中没有文字，可能是扫描件",
    ),
    Reason.SLOW: Localized(en="reading it took too long", zh="读取时间过长"),
    Reason.TOO_LARGE: Localized(en="it takes too much memory", zh="读取它需要的内存过多"),
    Reason.TOO_MANY_PIXELS: Localized(en="the image has too many pixels", zh="图片像素过多"),
    Reason.UNAVAILABLE: Localized(
        en="the place where files are kept does not answer",
        zh="文件存储没有响应",
    ),
}

# Halves of sentences, one for each kind; `{it}` is the remark's detail, and `{number}` what
# follows its bar.
_REMARKS: Mapping[RemarkKind, Localized[str]] = {
    RemarkKind.FIRST_FRAME: Localized(
        en="only the first of its {it} pictures is shown",
        zh="共 {it} 幅图像，只显示第一幅",
    ),
    RemarkKind.PICTURES: Localized(
        en="pictures in it that are left out: {it}",
        zh="省略了其中的 {it} 幅图片",
    ),
    RemarkKind.PICTURES_ON_PAGES: Localized(
        en="pictures on its pages {it} that are left out: {number}",
        zh="省略了第 {it} 页中的 {number} 幅图片",
    ),
    RemarkKind.PARTS: Localized(
        en="files in it that are not read: {it}",
        zh="其中有 {it} 个文件未读取",
    ),
    RemarkKind.CUT_PARTS: Localized(
        en="parts of it of which the beginning alone is read: {it}",
        zh="其中有 {it} 个部分只读取了开头",
    ),
    RemarkKind.PAGES_WITHOUT_TEXT: Localized(
        en="no readable text on its pages {it}, which may be scans",
        zh="第 {it} 页没有可读的文字，可能是扫描件",
    ),
    RemarkKind.GUESSED: Localized(
        en="it does not say its encoding, and is read as {it}, the likeliest",
        zh="文件未注明编码，按最可能的 {it} 读取",
    ),
    RemarkKind.DOUBTED: Localized(
        en="it does not say its encoding; it is read as {it}, but some letters may be wrong",
        zh="文件未注明编码，暂按 {it} 读取，部分字符可能有误",
    ),
    RemarkKind.MISNAMED: Localized(
        en="it is not in the encoding that it names, and is read as {it}, the likeliest",
        zh="文件并非其注明的编码，按最可能的 {it} 读取",
    ),
    RemarkKind.MIXED: Localized(
        en="not all of its lines are UTF-8; the others are read as {it}, the likeliest",
        zh="部分行不是 UTF-8 编码，按最可能的 {it} 读取",
    ),
    RemarkKind.NAMES: Localized(
        en="the names in it do not say their encoding, and are read as {it}, the likeliest",
        zh="其中的文件名未注明编码，按最可能的 {it} 读取",
    ),
    RemarkKind.BAD_BYTES: Localized(
        en="bytes in it that mean nothing in its encoding, each shown as �: {it}",
        zh="其中有 {it} 处字节在其编码中无效，显示为 �",
    ),
    RemarkKind.NULS: Localized(
        en="NUL characters in it that are left out: {it}",
        zh="省略了其中的 {it} 个 NUL 字符",
    ),
    RemarkKind.CONTROLS: Localized(
        en="control characters in it that are left out: {it}",
        zh="省略了其中的 {it} 个控制字符",
    ),
    RemarkKind.SEPARATORS: Localized(
        en="its cells are parted by control characters, which are shown as tabs",
        zh="其单元格以控制字符分隔，此处显示为制表符",
    ),
    RemarkKind.HALVES: Localized(
        en="characters in it that were written as two halves (CESU-8) and are read as one: {it}",
        zh="其中有 {it} 个字符被拆成两半写入（CESU-8），已合并读取",
    ),
    RemarkKind.DAMAGED: Localized(
        en="it is damaged, and what is left of it is read",
        zh="文件已损坏，只读取了尚存的部分",
    ),
    RemarkKind.RAW: Localized(
        en="it is a camera's raw file, of which the preview in it is shown; save it as .jpg",
        zh="这是相机的 RAW 文件，只显示其中的预览图，请另存为 .jpg",
    ),
    RemarkKind.SIGNED: Localized(
        en="it is signed, and its signature is not checked",
        zh="文件带有电子签名，但未验证签名",
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
        en="passages left out that tracked changes delete: {it}",
        zh="省略了 {it} 处修订中已删除的文字",
    ),
    RemarkKind.HIDDEN_TEXT: Localized(
        en="hidden passages left out: {it}",
        zh="省略了 {it} 处隐藏文字",
    ),
    RemarkKind.HIDDEN_SLIDES: Localized(
        en="hidden slides, which are read too: {it}",
        zh="包括 {it} 张隐藏的幻灯片",
    ),
    RemarkKind.HIDDEN_SHEETS: Localized(
        en="hidden sheets, which are read too: {it}",
        zh="包括 {it} 个隐藏的工作表",
    ),
    RemarkKind.HIDDEN_CELLS: Localized(
        en="hidden rows and columns, which are read too: {it}",
        zh="包括 {it} 个隐藏的行或列",
    ),
    RemarkKind.HIDDEN_VALUES: Localized(
        en="values that their number formats hide, which are read too: {it}",
        zh="包括 {it} 个被数字格式隐藏的值",
    ),
    RemarkKind.FORMULAS: Localized(
        en="formulas whose value is not stored, shown as formulas: {it}",
        zh="有 {it} 个公式没有存储结果，显示为公式本身",
    ),
    RemarkKind.LOCKED: Localized(
        en="files in it that are protected with a password: {it}",
        zh="其中有 {it} 个文件受密码保护",
    ),
    RemarkKind.ENCRYPTED: Localized(
        en="parts of it that are encrypted, which only whom they were sent to can read: {it}",
        zh="其中有 {it} 个部分已加密，只有收件人才能读取",
    ),
    RemarkKind.TNEF: Localized(
        en="what Outlook packed into winmail.dat is not read; ask for it as HTML or plain text",
        zh="未读取 Outlook 打包在 winmail.dat 中的内容，请让对方以 HTML 或纯文本格式发送",
    ),
    RemarkKind.OUTPUTS: Localized(
        en="long outputs in it that are cut: {it}",
        zh="其中有 {it} 段过长的输出被截短",
    ),
    RemarkKind.NO_OUTPUTS: Localized(
        en="outputs in it that have no text, such as interactive charts, and are left out: {it}",
        zh="省略了其中 {it} 个没有文字的输出（如交互式图表）",
    ),
    RemarkKind.NO_CELLS: Localized(
        en="damaged cells and outputs in it that are left out: {it}",
        zh="省略了其中 {it} 个已损坏的单元格或输出",
    ),
    RemarkKind.PREVIEW: Localized(
        en="only a preview of its first page is shown; export it as a PDF",
        zh="只显示首页预览，请导出为 PDF",
    ),
}

_NOTED = Localized(en="“{name}”: {facts}.", zh="“{name}”：{facts}。")
_NOT_READ = Localized(en="“{name}” could not be read: {reason}.", zh="无法读取“{name}”：{reason}。")
_CUT = Localized(
    en="it is long, and the model gets the first {first} tokens",
    zh="文件较长，模型只得到前 {first} 个词元",
)
_CUT_OF = Localized(
    en="it is long, and the model gets the first {first} of about {whole} tokens",
    zh="文件较长，模型只得到前 {first} 个词元（共约 {whole} 个）",
)
_NOT_SEEN = Localized(
    en="“{name}” was not sent: this model cannot see images.",
    zh="未发送“{name}”：此模型不能看图片。",
)
_NOT_FITTING = Localized(
    en="“{name}” was not sent: the model has no room for another image.",
    zh="未发送“{name}”：模型容纳不下更多图片。",
)
_REFUSED = Localized(
    en="“{name}” was not sent: the model's server does not take this image.",
    zh="未发送“{name}”：模型服务器不接受此图片。",
)


def remarked(remarks: Sequence[Remark]) -> str:
    """Return for the model, in half a sentence, what it gets otherwise than it is in the file."""
    return "; ".join(map(str, facts(remarks)))


def facts(remarks: Sequence[Remark]) -> list[Localized[str]]:
    """Return each remark as half a sentence."""
    return [_filled(it) for it in remarks]


def _filled(remark: Remark) -> Localized[str]:
    detail, _, number = remark.detail.partition("|")
    return _REMARKS[remark.kind].filled(it=detail, number=number)


def noted(name: str, facts: Sequence[Localized[str]]) -> Localized[str]:
    """Return the one sentence about a file that was read, but not all or not surely as it is."""
    return _NOTED.filled(name=name, facts=tuple(facts))


def why(reason: Reason) -> str:
    """Return for the model why a file could not be read, as half a sentence."""
    return str(_REASONS[reason])


def not_read(name: str, reason: Reason) -> Localized[str]:
    """Return the sentence about a file that could not be read."""
    return _NOT_READ.filled(name=name, reason=_REASONS[reason])


def part(first: int, whole: int | None) -> str:
    """Return for the model which part of a text is there; `whole` is None where not known."""
    return (
        f"the first {first:,} of about {whole:,} tokens" if whole else f"the first {first:,} tokens"
    )


def was_cut(first: int, whole: int | None) -> Localized[str]:
    """Return that the model gets the beginning of a file, as half a sentence; in tokens."""
    if whole is None:
        return _CUT.filled(first=first)
    return _CUT_OF.filled(first=first, whole=whole)


def image_not_seen(name: str) -> Localized[str]:
    """Return the sentence about an image that the model could not look at."""
    return _NOT_SEEN.filled(name=name)


def image_not_fitting(name: str) -> Localized[str]:
    """Return the sentence about an image for which the model's context is too small."""
    return _NOT_FITTING.filled(name=name)


def image_refused(name: str) -> Localized[str]:
    """Return the sentence about an image that the model's server does not take."""
    return _REFUSED.filled(name=name)
