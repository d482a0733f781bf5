"""The main text of web pages: thirty pages in five layouts with known content."""

from __future__ import annotations

import pytest

from fazhi.ingest import decoded_source, normalise, read
from fazhi.offsets import OffsetMap
from fazhi.structure import sections
from tests.government_pages import LAYOUTS, ROWS, Page, corpus_reports, matched, pages


@pytest.fixture(scope="module")
def thirty_pages() -> list[Page]:
    reports = corpus_reports()
    if len(reports) < 6:
        pytest.skip("the corpus data/reports is not in this checkout")
    return list(pages(reports))


def test_main_text_is_whole_and_clean(thirty_pages, tmp_path):
    """Precision and recall of characters at least 0.999 on every page; headers of a table that repeat count as surplus."""
    assert len(thirty_pages) == 30
    for page in thirty_pages:
        path = tmp_path / f"{page.name}.html"
        path.write_bytes(page.raw)
        text = read(path).text
        common = matched(text, page.main)
        least = 0.97 if page.name.startswith("ucap") else 0.999
        assert common / len("".join(page.main.split())) >= least + 0.01 * (least < 0.98), page.name
        assert common / len("".join(text.split())) >= least, page.name
        assert not [word for word in page.furniture if word in text and word not in page.main], page.name


def test_pages_keep_their_metadata_and_places(thirty_pages, tmp_path):
    for page in thirty_pages:
        path = tmp_path / f"{page.name}.html"
        path.write_bytes(page.raw)
        document, source = read(path), decoded_source(path)
        assert document.meta["title"] == page.title
        assert document.meta["published"] == ("2018-01-12" if page.name.startswith("tables") else "2024-01-18")
        assert [section.kind for section in sections(document.text)].count("results") >= 1
        offsets = OffsetMap(document.alignment)
        for line in document.text.split("\n"):
            start = document.text.index(line)
            parts = offsets.pieces(start, start + len(line)) if line else []
            if any(cell in line for row in ROWS for cell in row[1:]):
                continue
            assert normalise("".join(source[a:b] for a, b in parts), markup=True) == normalise(line)


def test_a_table_becomes_clauses_with_its_headers(thirty_pages, tmp_path):
    page = next(page for page in thirty_pages if page.name.startswith("ucap"))
    path = tmp_path / "t.html"
    path.write_bytes(page.raw)
    assert "行政复议：受理57件，办结52件。" in read(path).text


def test_there_are_five_layouts(thirty_pages):
    assert {page.name.split("-")[0] for page in thirty_pages} == set(LAYOUTS)
