"""From bytes to text: byte order mark, the page's own declaration, UTF-8, UTF-16, GB18030, Big5 — the first that reads well.

A wrong encoding of Chinese nearly always decodes into *something*; what gives it away are rare characters. A candidate
counts as plausible when a good share of its Chinese characters are among the commonest ones. UTF-8 needs no such test: text in
another encoding hardly ever is valid UTF-8.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from charset_normalizer import from_bytes

from fazhi.errors import InputError

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_\-]{3,20})""", re.IGNORECASE)
_DECLARABLE = dict.fromkeys(("gb2312", "gbk", "gb18030", "gb_2312-80", "x-gbk", "cp936"), "gb18030")
_DECLARABLE |= dict.fromkeys(("big5", "big5-hkscs", "cp950", "x-x-big5"), "big5hkscs")
_DECLARABLE |= {"utf-8": "utf-8", "utf8": "utf-8", "hz-gb-2312": "hz"}
_COMMON = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
    "十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形"
    "相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展"
    "五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战"
    "治府法执监督复议诉讼案权责依规范服务县市镇乡街道局委依务安保护落推普宣传培训检查调矛盾纠纷存在措施情况报告司市场众律审批领导健完善"
    "這個們來時為國會發動產種過說進著經學對於關實應當業從後開還樣與各線內數質氣變條結問題無係黨員總資統計區強組見運論農權責務規範監督複議訴"
    "訟鄉鎮縣處辦護導領宣傳訓檢調紛報審眾場點現體機協據執濟續識標準確專員辦財環達"
)
_PLAUSIBLE = 0.4
_MAX_BAD = 0.02


def plausibility(text: str) -> float:
    """Return the share of common Chinese characters among the letters beyond Latin of a text's first 20,000 characters.

    Private-use characters count as letters; 1.0 where there are none.
    """
    letters = [char for char in text[:20_000] if char > "\u02ff" and (char.isalpha() or "\ue000" <= char <= "\uf8ff")]
    return sum(char in _COMMON for char in letters) / len(letters) if letters else 1.0


def _candidates(raw: bytes) -> Iterator[str]:
    """Yield codecs to try, the likeliest first; the byte order mark settles the matter where there is one."""
    for mark, name in _BOMS:
        if raw.startswith(mark):
            yield name
            return
    declared = _DECLARED.search(raw[:4096])
    told = _DECLARABLE.get(declared[1].decode("ascii").lower()) if declared else None
    if told:
        yield told
    yield "utf-8"
    even, odd = raw[:2000:2].count(0), raw[1:2000:2].count(0)
    if even + odd > 0 or len(raw) % 2 == 0:
        yield from ("utf-16-be", "utf-16-le") if even > odd else ("utf-16-le", "utf-16-be")
    yield from ("gb18030", "big5hkscs")


def _strict(raw: bytes, name: str) -> str | None:
    try:
        return raw.decode(name)
    except (UnicodeError, LookupError):
        return None


def _lenient(raw: bytes) -> tuple[str, str] | None:
    """Decode a file with some broken bytes, or of mixed encodings: the candidate with the fewest replacements."""
    guess = from_bytes(raw[:200_000]).best()
    names = ["utf-8", "gb18030", "big5hkscs", *([guess.encoding] if guess else [])]
    texts = [(raw.decode(name, errors="replace"), name) for name in names]
    text, name = max(texts, key=lambda item: plausibility(item[0]) - item[0].count("\ufffd") / max(1, len(item[0])))
    bad = text.count("\ufffd") / max(1, len(text))
    return (text, name) if bad <= _MAX_BAD and plausibility(text) >= _PLAUSIBLE else None


def decode(raw: bytes, source: str | Path) -> tuple[str, str]:
    """Return the text of a file's bytes, without the byte order mark, and the name of its encoding.

    Raises ``InputError`` where no encoding gives a text with less than 2 % broken characters.
    """
    for name in _candidates(raw):
        text = _strict(raw, name)
        if text is not None and _reads_well(text, name):
            return text.removeprefix("\ufeff"), name
    lenient = _lenient(raw)
    if lenient:
        return lenient[0].removeprefix("\ufeff"), lenient[1]
    raise InputError(source, "unknown text encoding", "save it as UTF-8 and try again")


def _reads_well(text: str, name: str) -> bool:
    """Tell whether a decoded text is plausible, and not full of control characters as text in UTF-16 read as bytes is."""
    sample = text[:20_000]
    odd = sum(not (char.isprintable() or char in "\r\n\t\f\v\u3000\xa0\ufeff\u200b") for char in sample)
    return odd <= 0.05 * len(sample) and (name == "utf-8" or plausibility(text) >= _PLAUSIBLE)
