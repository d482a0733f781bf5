"""The audit: one small report a relation, with and without a contradiction; and the corpus with its planted ones."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from data.inline import REPORTS, read
from evaluate.audit_cases import load_cases, marked, score_cases
from evaluate.audit_score import Planted, load, score
from fazhi import tables
from fazhi.audit import KINDS_ZH, Finding, check
from fazhi.audit_facts import interval
from fazhi.cli import app
from fazhi.document import Document
from fazhi.extractor import Extractor
from fazhi.quantities import parse


def kinds(text: str) -> list[str]:
    return [finding.kind for finding in check(marked(text))]


CLASHES = [
    ("flow", "[收到行政复议申请41件]，[受理43件]，[审结40件]。"),
    ("flow", "[收到行政复议申请41件]，[受理38件]，[审结40件]。"),
    ("flow", "[立案1,612件]，[办结1,674件]。"),
    ("flow", "[提出法律意见35条]，[采纳41条]。"),
    ("rate", "[立案查处1,284件]，[办结1,196件]，[办结率97.2%]。"),
    ("rate", "[受理劳动争议120件]，[调解成功90件]，[调解成功率85%]。"),
    ("rate", "[审结60件]，其中[维持48件]、[撤销5件]、[确认违法1件]，[直接纠错率16.7%]。"),
    ("rate", "[评查案卷50卷]，[优秀案卷10卷]，[优秀率32%]。"),
    ("growth", "[立案数由2022年的892件增至1046件]，[增长21.3%]。"),
    ("growth", "[信访总量从846批次下降到713批次]，[下降18.7%]。"),
    ("growth", "[办结率从85.6%提高到93.1%]，[提高9.5个百分点]。"),
    ("growth", "[案件由57件增至80件]，[增加25件]。"),
    ("growth", "[发生行政诉讼案件68件]，[较上年的52件增长20.8%]。"),
    ("growth", "[产值由2019年的100万元增至2023年的150万元]，[年均增长15%]。"),
    ("restated", "[收到行政复议申请286件]。\n[268件行政复议申请]无一引发诉讼。"),
    ("restated", "[制定规范性文件14件]。\n[制定规范性文件17件]。"),
    ("restated", "[行政机关负责人出庭应诉率98%]。\n[出庭应诉率89%]。"),
    ("over_100", "[公示率达102.4%]。"),
    ("over_100", "[调处成功率100.8%]。"),
    ("part_whole", "[清理文件197件]，[保留152件]、[废止28件]、[修改11件]、[宣布失效16件]。"),
    ("part_whole", "[审结50件]，其中[维持40件]、[驳回15件]。"),
    ("part_whole", "[办理行政处罚案件300件]，[食品类143件]、[药械类31件]、[其他类90件]。"),
    ("part_whole", "[食品案件3件]、[药品案件5件]，合计[9件]。"),
    ("part_whole", "[收到行政复议申请41件]，[审结39件]，其中[维持20件]、[撤销9件]、[终止12件]。"),
    ("part_whole", "[受理行政复议案件40件]，[审结39件]，[维持20件]、[撤销9件]、[终止12件]。"),
    ("part_whole", "[开展活动36场]，其中[进村宣传21场]、[进校宣传13场]、[进企宣传8场]。"),
    ("part_whole", "[审结115件]，[维持58件]、[撤销或变更21件]、[终止31件]、[驳回11件]。"),
    ("part_whole", "[清理文件98件]，[保留61件]、[修改9件]、[废止24件]；[制定规范性文件6件]。"),
    ("part_whole", "[承办建议138件]、[提案164件]，[共计办理建议提案312件]。"),
    ("rate", "[行政诉讼案件20件]，[负责人出庭应诉18件]，[出庭应诉率95%]。"),
    ("rate", "[行政机关负责人应出庭40件]，[实际出庭36件]，[负责人出庭应诉率97.5%]。"),
    ("rate", "[查处违法建设84宗]，[拆除71宗]，[拆除率91.2%]。"),
    ("rate", "[抽检食品2,140批次]，[检出不合格食品61批次]，[不合格率4.9%]。"),
    ("flow", "[依申请公开政府信息8件]，[答复9件]。"),
    ("flow", "[检察机关发出检察建议18份]，[相关部门采纳21份]。"),
    ("ratio", "[受理行政复议案件120件]，[一审行政诉讼案件30件]，[复议与诉讼案件之比为5:1]。"),
]


def test_rows_of_a_table_do_not_contradict_each_other():
    bodies = "市场监管局：[行政处罚立案126件]。\n交通运输局：[行政处罚立案88件]。\n合计：[行政处罚立案214件]。\n"
    assert kinds(f"{bodies}1月：[制定规范性文件14件]。\n2月：[制定规范性文件17件]。") == []
    assert kinds("受理情况：[制定规范性文件14件]。\n（一）备案情况：[制定规范性文件17件]。") == ["restated"]


@pytest.mark.parametrize(("kind", "text"), CLASHES)
def test_a_contradiction_is_found_once(kind, text):
    assert kinds(text) == [kind]


CONSISTENT = [
    "[收到行政复议申请41件]，[受理40件]，[审结40件]。",
    "[受理38件]，[审结40件]（含上年结转5件）。",
    "[收到行政复议申请41件]，[受理38件]。\n[收到仲裁申请9件]，[受理12件]（含旧存3件）。",
    "[立案查处1,284件]，[办结1,196件]，[办结率93.1%]。",
    "[立案查处1,284件]，[办结1,196件]，[按期办结率99.8%]。",
    "[受理投诉举报1386件]，[办结率98.2%]。",
    "[审结60件]，其中[维持48件]、[撤销5件]、[确认违法1件]，[直接纠错率10%]。",
    "[办理处罚案件837件]；[不予处罚254件]，[占案件总数的23.3%]。",
    "[立案数由2022年的892件增至1046件]，[增长17.3%]。",
    "[信访总量从846批次下降到713批次]，[下降15.7%]。",
    "[办结率从85.6%提高到93.1%]，[提高7.5个百分点]。",
    "[产值由2019年的100万元增至2023年的150万元]，[年均增长10.7%]。",
    "[收到行政复议申请74宗]，[比上年增加23宗]，[增长45.1%]。",
    "[完成率105%]，[增长率130%]，[同比增长120%]。",
    "[召开会议3次]。\n[召开会议5次]。",
    "全县[办理行政处罚案件2,318宗]。镇街[办理行政处罚案件427宗]。",
    "[清理文件207件]，[保留152件]、[废止28件]、[修改11件]、[宣布失效16件]。",
    "[评查案卷75卷]，[优秀案卷19卷]、[不合格案卷3卷]。",
    "[受理纠纷163件]，[调处成功160件]，其中[婚姻家庭纠纷42件]、[邻里纠纷71件]、[物业纠纷38件]、[其他12件]。",
    "[收到申请约40件]，[受理43件]。",
    "[开展活动200余场]。\n[开展活动215场]。",
    "力争[公示率达到100%]。",
    "[行政诉讼案件20件]，[负责人出庭应诉18件]，[出庭应诉率100%]。",
    "[行政诉讼案件20件]，[开庭审理18件]，[负责人出庭应诉18件]，[出庭应诉率100%]。",
    "[合计摸排企业员工3150人]（其中[机关34人]，[企业共计3116人]）。",
    "[开展活动36场]，其中[宪法活动11场]、[民法典活动14场]、[进校园活动13场]。",
    "[拨付养老金1.06亿元]，[追回违规待遇74.3万元]，[追回率93.7%]。",
    "[受理行政复议案件156件]，[行政诉讼案件52件]，[复议与诉讼案件之比为3:1]。",
    "[受理行政复议案件9件]，[复议与诉讼案件之比为5:1]。",
    "[受理行政复议案件41件]，[审结39件]，[维持20件]、[撤销7件]、[终止12件]。",
    "[立案查处案件308件]（其中[食品类260件]、[登记类48件]），[结案291件]。",
]


@pytest.mark.parametrize("text", CONSISTENT)
def test_what_fits_is_left_alone(text):
    assert kinds(text) == []


def test_a_finding_quotes_both_places_and_never_says_false():
    (finding,) = check(marked("　全县[收到行政复议申请41件]，[受理43件]。"))
    raw = finding.to_json()
    assert raw["verdict"] == "needs checking"
    assert (raw["first"]["text"], raw["first"]["start"], raw["second"]["text"]) == ("收到行政复议申请41件", 3, "受理43件")
    assert raw["computation"] == "受理 43 > 收到行政复议申请 41"
    assert raw["tolerance"]


@pytest.mark.parametrize("text", ["[办理案件312件]，[较上年的260件增长30%]。", "[公示率达102.4%]。"])
def test_two_numbers_of_one_metric_have_one_place(text):
    (finding,) = check(marked(text))
    assert len({quote.start for quote in finding.places}) == len(finding.places)
    assert not {finding.first, finding.second} & set(finding.also)


def test_quotes_have_their_place_in_the_source():
    document = marked("[收到行政复议申请41件]，[受理43件]。")
    shifted = ((0, len(document.text), 7, 7 + len(document.text)),)
    moved = Document("x", document.text, document.meta, document.spans, shifted)
    (finding,) = check(moved)
    assert (finding.first.source_start, finding.second.source_start) == (finding.first.start + 7, finding.second.start + 7)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_rate_computed_from_its_own_numbers_never_clashes(closed, more):
    accepted = closed + more
    rate = round(100 * closed / accepted, 1)
    assert "rate" not in kinds(f"[受理申请{accepted}件]，[办结{closed}件]，[办结率{rate}%]。")


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_growth_computed_from_its_own_numbers_never_clashes(before, after):
    change = round(100 * (after / before - 1), 2)
    word = "增长" if change >= 0 else "下降"
    assert kinds(f"[案件由{before}件变为{after}件]，[{word}{abs(change)}%]。") == []


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("57件", (57, 57)),
        ("1.2万件", (11500, 13000)),
        ("900余件", (900, 1000)),
        ("约100件", (90, 110)),
        ("近100件", (90, 100)),
        ("不足30件", (0, 30)),
        ("93.1%", (93.05, 93.2)),
    ],
)
def test_what_a_stated_number_can_mean(text, limits):
    found = interval(parse(text)[0].to_json())
    assert (found.low, found.high) == pytest.approx(limits)


def test_the_planted_contradictions_are_found():
    planted = load()
    ids = {item.id for item in planted}
    assert len(planted) == 60
    result = score((read(REPORTS / f"{name}.txt") for name in sorted(ids)), planted)
    assert result.recall >= 0.9
    assert result.precision >= 0.9


ROOT = Path(__file__).resolve().parent.parent
CASES = load_cases(ROOT / "tests" / "data" / "audit_cases.tsv")
LATE = load_cases(ROOT / "tests" / "data" / "audit_cases_late.tsv")


@pytest.mark.parametrize(("half", "recall"), [(CASES[0::2], 0.9), (CASES[1::2], 0.9), (LATE, 0.9)], ids=["odd", "even", "late"])
def test_contradictions_of_short_reports_are_found_and_nothing_besides(half, recall):
    result = score_cases(half)
    assert result.precision >= 0.9
    assert result.recall >= recall


def test_half_of_the_short_reports_hold_no_contradiction():
    assert sum(not planted for _, planted in CASES) * 2 == len(CASES)


def test_every_kind_has_a_chinese_name():
    assert {item.kind for _, planted in CASES for item in planted} == set(KINDS_ZH)


def test_extracted_documents_carry_their_findings():
    text = "云岫县司法局2023年度法治政府建设报告\n全年收到行政复议申请41件，受理43件，审结39件，办理法律援助案件312件。\n"
    document = Extractor.from_pretrained(ROOT / "models" / "fazhi-small").extract(Document("x", text, {"year": 2023}))
    (finding,) = document.audit
    assert (finding["kind"], finding["kind_zh"], finding["second"]["text"]) == ("flow", "环节", "受理43件")
    assert Document.from_json(document.to_json()).audit == document.audit


def test_a_planted_piece_that_is_not_in_the_report_is_named():
    with pytest.raises(ValueError, match="a-town-2020: planted flow"):
        Planted("a-town-2020", "flow", "收到3件", "受理4件").places("收到3件")


@pytest.mark.parametrize(
    "text", ["[收到行政复议申请41件]，[受理43件]。", "[清理文件98件]，[保留61件]、[修改9件]、[废止24件]。"]
)
def test_findings_survive_json(text):
    (finding,) = check(marked(text))
    assert Finding.from_json(finding.to_json()) == finding


@pytest.mark.parametrize(("_", "text"), CLASHES)
def test_a_computation_is_written_in_signs_and_in_the_words_of_the_report(_, text):
    assert not [finding.computation for finding in check(marked(text)) if re.search("[a-zA-Z]", finding.computation)]


def _lines(path, *documents):
    path.write_text("".join(document.dumps() + "\n" for document in documents), encoding="utf-8")
    return path


def test_the_command_prints_both_quotes_and_the_computation(tmp_path):
    path = _lines(tmp_path / "x.jsonl", marked("[收到行政复议申请41件]，[受理43件]。"))
    result = CliRunner().invoke(app, ["audit", str(path)])
    assert result.exit_code == 0
    for said in ("环节 flow", "需核对 needs checking", "收到行政复议申请41件", "受理43件", "受理 43 > 收到行政复议申请 41"):
        assert said in result.stdout


FLOW_LINE = "  环节 flow  需核对 needs checking  受理 43 > 收到行政复议申请 41"


def test_the_table_of_extract_ends_with_a_line_a_finding(tmp_path):
    text = "全年收到行政复议申请41件，受理{}件，审结39件。\n" + "法治政府建设工作报告正文" * 15 + "。\n"
    for name, accepted in (("clash", 43), ("fits", 40)):
        (tmp_path / f"{name}.txt").write_text(text.format(accepted), encoding="utf-8")
    arguments = ["extract", str(tmp_path), "--model", str(ROOT / "models" / "fazhi-small"), "--format", "table"]
    lines = CliRunner().invoke(app, arguments).stdout.splitlines()
    (title,) = (number for number, line in enumerate(lines) if "核对 AUDIT" in line)
    assert lines[title + 1] == f"{FLOW_LINE}  2–13, 14–19"
    assert lines[title + 2] == ""
    assert sum("需核对" in line for line in lines) == 1


def test_the_table_and_the_audit_begin_a_finding_alike(tmp_path):
    path = _lines(tmp_path / "x.jsonl", marked("[收到行政复议申请41件]，[受理43件]。"))
    shown = CliRunner().invoke(app, ["audit", str(path)]).stdout.splitlines()
    assert shown[1:] == [FLOW_LINE, "    0–11  收到行政复议申请41件", "    12–17  受理43件"]


def test_markup_in_a_finding_is_shown_as_it_is():
    finding = replace(check(marked("[公示率达102.4%]。"))[0], computation="[red]1[/red] > 0")
    document = Document("x", "甲", audit=(finding.to_json(),))
    console = Console(file=io.StringIO(), width=110)
    tables.show([document], console)
    assert "[red]1[/red] > 0" in console.file.getvalue()


def test_the_command_writes_a_json_line_a_document(tmp_path):
    path = _lines(tmp_path / "x.jsonl", marked("[公示率达102.4%]。"), marked("[公示率98%]。"))
    out = tmp_path / "audit.jsonl"
    result = CliRunner().invoke(app, ["audit", str(tmp_path), "--format", "jsonl", "--out", str(out)])
    assert result.exit_code == 0, result.output
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [[finding["kind"] for finding in line["audit"]] for line in found] == [["over_100"], []]
    assert path.exists()


def test_a_line_that_is_no_document_is_named_and_the_others_are_checked(tmp_path):
    path = _lines(tmp_path / "x.jsonl", marked("[公示率达102.4%]。"))
    path.write_text('{"no": 1}\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    result = CliRunner().invoke(app, ["audit", str(path), "--format", "jsonl"])
    assert result.exit_code == 1
    assert "x.jsonl:1" in result.stderr
    assert '"over_100"' in result.stdout
