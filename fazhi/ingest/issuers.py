"""Who issued a report: its name in title, signature or page fields; its kind and level; the region it stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fazhi.ingest.findings import Finding, Findings, Page
from fazhi.ingest.regions import ancestors, resolve, table

ORGAN = (
    r"(?:人民政府办公[厅室]|人民政府|委员会办公室|管理委员会|工作委员会|委员会|管委会|党工委|区委|县委|市委|旗委|镇委|乡党委|镇党委"
    r"|党委|街道办事处|街道办|街道|办事处|办公[厅室]|[\u4e00-\u9fff]{1,14}?局|支队|大队|中心|厅|院|[\u4e00-\u9fff]{2}镇"
    r"|[\u4e00-\u9fff]{2}乡|苏木)"
)
"""What the name of an organ ends with."""
_JOINT = r"(?:\s*、?(?:中共)?[\u4e00-\u9fff]{0,20}?(?:人民政府|党组|管委会|管理委员会|委员会|局))?"
ISSUER = re.compile(
    rf"^(?:关于)?((?:中共)?(?!关于)[\u4e00-\u9fff、]{{0,40}}?{ORGAN}{_JOINT})\s*(?=关于|(?:19|20)\d\d|二[〇○零]|年度|法治|依法|行政|落实|$)"
)
"""An issuer at the start of a title."""
_SIGNED = re.compile(
    rf"(?:^|[\s。])((?:中共)?[\u4e00-\u9fff]{{2,40}}?{ORGAN}(?:\s*(?:中共)?[\u4e00-\u9fff]{{2,20}}人民政府)?)"
    r"(?=\s*(?:\n|$|(?:19|20)\d\d|二[〇○零]))"
)
_SIGNATURE = 300
"""How far behind the body a signature may stand."""
_OFFICES = ("办公室", "办公厅")
"""Sign for the government they belong to."""
_PREFIXES = ("关于", "国家税务总局", "中共")
_PLACE = re.compile(
    r"[\u4e00-\u9fff]{1,12}?(?:特别行政区|自治区|自治州|自治县|自治旗|地区|综合实验区|开发区|高新区|新区|示范区|园区|片区"
    r"|(?<!市)省|(?<!城)市(?!场|政|监|容)|县|区(?!域|划|块)|旗|盟)"
)
_KINDS = (
    (re.compile(r"街道"), "subdistrict"),
    (re.compile(r"(?:镇|乡|苏木)(?:人民政府|党委|委员会|$)"), "town"),
    (re.compile(r"管委会|管理委员会|片区管理局"), "zone"),
    (re.compile(r"委.*人民政府"), "party_government"),
    (re.compile(r"人民政府(?:办公[厅室])?$"), "government"),
    (re.compile(r"[局厅院]$|办公[厅室]$|中心$|[支大]队$|委员会$"), "department"),
)


def add_issuer(page: Page, found: Findings) -> None:
    """Add the issuer: of title and signature the longer where one contains the other, else the title's, else a field's."""
    titled, signed, told = _titled(page, found), _signed(page), found.get("issuer")
    best = titled or signed or told
    if titled and signed and (_bare(titled) in _bare(signed) or _bare(signed) in _bare(titled)):
        longer = signed if len(_bare(signed)) > len(_bare(titled)) and not _bare(signed).endswith(_OFFICES) else titled
        best = longer.holding(longer.value, 0.97)
    elif best is signed and signed and told and told.value != signed.value:
        best = signed.holding(signed.value, 0.8)
    if best:
        found["issuer"] = best


def _bare(finding: Finding) -> str:
    return "".join(str(finding.value).split())


def _titled(page: Page, found: Findings) -> Finding | None:
    title = found.get("title")
    match = ISSUER.match(str(title.value)) if title else None
    return page.within(title, match[1].strip(), 0.9) if title and match else None


def _signed(page: Page) -> Finding | None:
    end = page.body[1]
    match = _SIGNED.search(page.text, end, min(len(page.text), end + _SIGNATURE))
    return page.found(" ".join(match[1].split()), 0.85, match.start(1), match.end(1)) if match else None


def places(name: str) -> list[str]:
    """Return the names of divisions that an organ's name begins with, outermost first; known names go before patterns."""
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    found: list[str] = []
    at = 0
    while match := _PLACE.match(name, at):
        longest = max((word for word in table() if name.startswith(word, at)), key=len, default="")
        found.append(longest or match[0])
        at += len(found[-1])
    return found


def add_region(page: Page, aside: str, found: Findings) -> None:
    """Add region and code, and the issuer's kind and level, from the places that the issuer's or title's name begins with."""
    holder = found.get("issuer") or found.get("title")
    if not holder:
        return
    name = re.split(r"(?<=委)\s*(?=[\u4e00-\u9fff]{2,20}人民政府)", str(holder.value).replace("、", ""))[-1].strip()
    names = places(name)
    if names:
        region = "".join(names)
        found["region"] = page.within(holder, region, holder.confidence - 0.05)
        near = (page.text[: page.body[0] + 600], page.text[page.body[1] :][:_SIGNATURE], aside[:2000])
        known = resolve(names[-1], (*names[:-1], *near))
        if known and _fits(names[:-1], ancestors(known)):
            unique = len(table()[known.name]) == 1
            found["region_code"] = found["region"].holding(known.code, 0.95 if unique else 0.85)
    if "issuer" in found:
        _add_kind(found, names)


def _fits(outer: Sequence[str], parents: Sequence[str]) -> bool:
    """Tell whether the places that a name puts around a division are the ones the table knows for it."""
    return all(name in parents for name in outer)


def _add_kind(found: Findings, names: Sequence[str]) -> None:
    issuer = found["issuer"]
    kind = next((kind for pattern, kind in _KINDS if pattern.search(str(issuer.value))), None)
    if kind is None:
        return
    found["issuer_kind"] = issuer.holding(kind, 0.9)
    level = "township" if kind in ("subdistrict", "town") else None if kind == "zone" else _level(names)
    if level:
        found["issuer_level"] = issuer.holding(level, 0.85)


def _level(names: Sequence[str]) -> str | None:
    """Return the level of the last place: by its suffix, for ``市`` by the table; ``None`` in doubt."""
    last = names[-1] if names else ""
    if last.endswith(("省", "自治区")):
        return "province"
    if last.endswith(("自治州", "地区", "盟")):
        return "city"
    if last.endswith("市"):
        levels = {region.level for region in table().get(last, ())}
        return levels.pop() if len(levels) == 1 else "county" if len(names) > 1 and names[-2].endswith("市") else None
    return "county" if last.endswith(("县", "区", "旗")) and not last.endswith(("开发区", "新区", "实验区", "片区")) else None
