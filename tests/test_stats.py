"""The corpus page: near-duplicates are found, counts are those of the spans."""

from data import stats
from data.inline import parse_tags
from fazhi.document import Document
from fazhi.schema import default_schema

LONG = "组织乡镇干部逐户走访听取群众对执法工作的意见建议并逐项登记办理"


def document(name: str, body: str, **meta: object) -> Document:
    text, spans, _ = parse_tags(body, default_schema())
    return Document(name, text, {"issuer_kind": "town", "year": 2023, **meta}).with_spans(spans)


def test_near_duplicates_are_found_whatever_the_line_breaks():
    docs = [
        document("a", LONG),
        document("b", LONG[:15] + "\n" + LONG[15:] + "，另有一项全新的工作安排"),
        document("c", LONG[::-1]),
    ]
    assert [(a, b, round(share, 2)) for a, b, share in stats.near_duplicates(docs)] == [("a", "b", 1.0)]


def test_only_pairs_of_different_splits_leak():
    one, two = document("a", LONG), document("b", LONG)
    assert stats.leaks({"train": [one, two], "test": []}) == []
    assert [pair[:2] for pair in stats.leaks({"train": [one], "test": [two]})] == [("a", "b")]


def test_counts_by_a_field_and_by_a_list():
    docs = [
        document("a", "<METRIC>办结5件</METRIC>，<MEASURE>开展检查</MEASURE>", noise=["typos", "spaces"]),
        document("b", "<METRIC>办结5件</METRIC>", noise=[]),
    ]
    assert stats.by(docs, "issuer_kind") == [("town", 2, 13, 2, 1, 0)]
    assert stats.by(docs, "noise") == [("none", 1, 4, 1, 0, 0), ("spaces", 1, 9, 1, 1, 0), ("typos", 1, 9, 1, 1, 0)]
    assert stats.lengths(docs) == {"METRIC": [4, 4], "MEASURE": [4], "PROBLEM": [], "clause": [4, 4, 4]}
