"""The encodings that occur without being named, and how common each is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

_SMALL = ("ca", "is", "fo", "sq", "cy", "ga", "gd")
_WEST = ("en", "de", "fr", "es", "pt", "it", "nl", "sv", "da", "nb", "fi", *_SMALL)
_CENTRAL = ("pl", "cs", "sk", "hu", "ro", "hr", "sr@latin", "sl")
_BALTIC = ("lt", "lv", "et")
_CYRILLIC = ("ru", "uk", "bg", "sr")
IDEOGRAPHIC = ("zh", "zt", "ja", "ko")  # zt: the traditional characters


@dataclass(frozen=True, slots=True)
class Candidate:
    """An encoding by Python's name and by that for people, and the languages written in it.

    `rarity` is how much less likely it is than the commonest, as a natural logarithm.
    """

    codec: str
    name: str
    languages: tuple[str, ...]
    rarity: float


CANDIDATES = (
    Candidate("cp1252", "Windows-1252", _WEST, 0),
    Candidate("iso8859-15", "ISO-8859-15", _WEST, 2.5),
    Candidate("mac-roman", "Mac Roman", _WEST, 5),
    Candidate("cp850", "CP850", _WEST, 5),
    Candidate("cp437", "CP437", _WEST, 6),
    Candidate("cp1250", "Windows-1250", _CENTRAL, 3),
    Candidate("iso8859-2", "ISO-8859-2", _CENTRAL, 3.5),
    Candidate("cp852", "CP852", _CENTRAL, 5),
    Candidate("mac-latin2", "Mac Central European", _CENTRAL, 8),
    Candidate("iso8859-3", "ISO-8859-3", ("eo", "mt"), 6),
    Candidate("iso8859-14", "ISO-8859-14", ("cy", "ga", "gd"), 6),
    Candidate("cp1251", "Windows-1251", _CYRILLIC, 1),
    Candidate("koi8-r", "KOI8-R", ("ru",), 3),
    Candidate("koi8-u", "KOI8-U", ("uk",), 3.5),
    Candidate("cp866", "CP866", _CYRILLIC, 5),
    Candidate("cp855", "CP855", _CYRILLIC, 7),
    Candidate("iso8859-5", "ISO-8859-5", _CYRILLIC, 4),
    Candidate("mac-cyrillic", "Mac Cyrillic", _CYRILLIC, 5),
    Candidate("cp1253", "Windows-1253", ("el",), 1.5),
    Candidate("iso8859-7", "ISO-8859-7", ("el",), 2),
    Candidate("cp1254", "Windows-1254", ("tr",), 1.5),
    Candidate("cp857", "CP857", ("tr",), 5),
    Candidate("cp1255", "Windows-1255", ("he",), 2),
    Candidate("iso8859-8", "ISO-8859-8", ("he",), 2.5),
    Candidate("cp1256", "Windows-1256", ("ar",), 2),
    Candidate("iso8859-6", "ISO-8859-6", ("ar",), 3.5),
    Candidate("cp1257", "Windows-1257", _BALTIC, 3),
    Candidate("iso8859-13", "ISO-8859-13", _BALTIC, 4.5),
    Candidate("cp1258", "Windows-1258", ("vi",), 2.5),
    Candidate("cp874", "Windows-874", ("th",), 2),
    Candidate("cp932", "Shift JIS", ("ja",), 1),
    Candidate("euc_jp", "EUC-JP", ("ja",), 2),
    Candidate("cp949", "EUC-KR", ("ko",), 1),
    Candidate("gb18030", "GB 18030", ("zh",), 0.5),
    Candidate("cp950", "Big5", ("zt",), 1),
    Candidate("big5hkscs", "Big5-HKSCS", ("zt",), 1.5),
)
_OF_DOS = (  # in the order in which they are named where a name is the same in several
    *("cp437", "cp850", "cp852", "cp855", "cp857", "cp866", "cp874", "cp932", "cp949", "cp950"),
    "gb18030",
)
_OF_DOS_ALONE = (  # which are in no other files than archives
    Candidate("cp737", "CP737", ("el",), 1),
    Candidate("cp862", "CP862", ("he",), 1),
    Candidate("cp720", "CP720", ("ar",), 1.2),
    Candidate("cp775", "CP775", _BALTIC, 1.2),
)
_BEHIND = 6  # as a logarithm: other encodings are so much rarer where DOS has left its own
IN_ARCHIVES = (
    *(
        replace(it, rarity=min(it.rarity / 5, 0.9 + _OF_DOS.index(it.codec) / 10))
        if it.codec in _OF_DOS
        else replace(it, rarity=it.rarity + _BEHIND)
        for it in CANDIDATES
    ),
    *_OF_DOS_ALONE,
)
WIDE = (
    Candidate("utf-16-le", "UTF-16 LE", IDEOGRAPHIC, 3),
    Candidate("utf-16-be", "UTF-16 BE", IDEOGRAPHIC, 4),
)
NAMES: Mapping[str, str] = {it.codec: it.name for it in (*CANDIDATES, *WIDE, *_OF_DOS_ALONE)} | {
    "utf-8": "UTF-8",
    "utf-32-le": "UTF-32 LE",
    "utf-32-be": "UTF-32 BE",
    "iso2022_jp_ext": "ISO-2022-JP",
    "iso2022_kr": "ISO-2022-KR",
    "cp1140": "EBCDIC",
}
