"""Clauses against guideline §2: separators, brackets, digits, enumerators."""

import json
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fazhi.clauses import SEPARATORS, clauses, skip_enumerators


def statements(text: str) -> list[str]:
    return [text[c.start : c.end] for c in clauses(text) if c.start < c.end]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("举办培训3期，印发通知；成立专班。", ["举办培训3期", "印发通知", "成立专班"]),
        ("举办培训3期,印发通知:成立专班!好?", ["举办培训3期", "印发通知", "成立专班", "好"]),
        ("清理文件、修订制度，公开目录", ["清理文件、修订制度", "公开目录"]),
        ("第一行\n第二行", ["第一行", "第二行"]),
        ("印发《关于规范执法，改进服务的意见》，开展检查", ["印发《关于规范执法，改进服务的意见》", "开展检查"]),
        ("落实“谁执法，谁普法”责任制，开展检查", ["落实“谁执法，谁普法”责任制", "开展检查"]),
        ("受理57件（其中：撤销2件，维持5件），办结52件", ["受理57件（其中：撤销2件，维持5件）", "办结52件"]),
        ("受理57件(其中:撤销2件，维持5件）,办结", ["受理57件(其中:撤销2件，维持5件）", "办结"]),
        ("受理57件（其中撤销2件，办结52件", ["受理57件（其中撤销2件", "办结52件"]),
        ("受理57件）其中，办结52件（好", ["受理57件）其中", "办结52件（好"]),
        ("开了（头，\n没有）尾，完", ["开了（头", "没有）尾", "完"]),
        ("乡镇1,275宗,比例5:1,办结2宗", ["乡镇1,275宗", "比例5:1", "办结2宗"]),
        ("时间：2024年,3月", ["时间", "2024年", "3月"]),
        ('他说"一，二"，然后', ['他说"一，二"', "然后"]),
        ("（甲“乙，丙）丁，戊”己", ["（甲“乙，丙）丁", "戊”己"]),
    ],
)
def test_separators(text, expected):
    assert statements(text) == expected


@pytest.mark.parametrize(
    "enumerator",
    [
        "一是",
        "十二是",
        "首先",
        "其次",
        "一方面",
        "另一方面",
        "（一）",
        "(十二)",
        "（3）",
        "(3)",
        "1.",
        "2、",
        "3．",
        "①",
        "第一、",
        "三、",
        "㈠",
        "1)",
        "（五）一是",
        "一、（一）1.",
        "\u3000\u3000（一）  ",
        "二则",
    ],
)
def test_enumerators_are_left_out(enumerator):
    assert statements(f"{enumerator}开展执法检查，印发通知") == ["开展执法检查", "印发通知"]


@pytest.mark.parametrize(
    "text",
    [
        "第一时间到场处置",
        "第二季度完成整改",
        "二要进一步落实责任",
        "1.5万人参加",
        "12345热线受理诉求",
        "一村一顾问全覆盖",
        "十项行动落地",
        "最后一公里打通",
    ],
)
def test_what_only_looks_like_an_enumerator_stays(text):
    assert statements(text) == [text]


def test_blanks_are_left_outside():
    (clause, _) = clauses("\u3000\u3000 开展检查\u00a0\u200b，")
    assert (clause.start, clause.end, clause.outer_start, clause.outer_end) == (3, 7, 0, 9)


def test_a_clause_of_nothing_is_empty():
    assert next((c.start, c.end) for c in clauses("一是，")) == (2, 2)


@given(st.text(alphabet='件的，,。（）()“”"《》1一是、 \u3000\n:：9是', max_size=60))
def test_clauses_tile_the_text(text):
    found = clauses(text)
    at = 0
    for clause in found:
        assert clause.outer_start == at <= clause.start <= clause.end <= clause.outer_end
        assert text[clause.outer_end : clause.outer_end + 1] == clause.separator
        assert clause.separator == "" or clause.separator in SEPARATORS
        at = clause.outer_end + 1
    assert at == len(text) + 1
    assert all(text[c.start : c.end].strip() == text[c.start : c.end] for c in found)
    assert all(skip_enumerators(text, c.start, c.end) == c.start for c in found)


def test_every_real_statement_is_a_clause(shared):
    wrong, seen = [], 0
    for folder in ("gold", "train"):
        for line in (shared / folder / "spans.jsonl").read_text(encoding="utf-8").splitlines():
            report = json.loads(line)
            found = clauses(report["text"])
            borders = {(c.start, c.end) for c in found}
            starts = [c.outer_start for c in found]
            for start, end, label in report["spans"]:
                seen += 1
                clause = found[bisect_right(starts, start) - 1]
                fits = end <= clause.outer_end if label == "METRIC" else (start, end) in borders
                if not fits:
                    wrong.append((report["id"], start, end, label))
    assert seen > 15_000
    assert wrong == []
