"""The Python API for users' own pipelines: paths in, documents, pandas or datasets out."""

import json
import sys

import pytest

from fazhi import frames, ingest
from fazhi.errors import InputError, MissingExtraError
from fazhi.extractor import Extractor

BODY = "法治政府建设工作报告正文" * 15 + "。\n一是甲甲丙丁3，乙乙。\n"


@pytest.fixture(scope="module")
def extractor(oracle):
    return Extractor.from_pretrained(oracle)


@pytest.fixture
def paths(tmp_path):
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text("" if name == "b.txt" else BODY, encoding="utf-8")
    return [tmp_path / "a.txt", str(tmp_path / "b.txt"), str(tmp_path / "c.txt"), tmp_path / "gone.txt"]


def test_paths_and_documents_may_be_mixed(extractor, paths):
    read = ingest.read(paths[0])
    assert list(extractor.extract_many([paths[0], read])) == [extractor.extract(read)] * 2


def test_what_cannot_be_read_goes_to_on_error(extractor, paths):
    failed = []
    found = list(extractor.extract_many(paths, lambda path, error: failed.append((path.name, error))))
    assert [document.id for document in found] == ["a", "c"]
    assert [name for name, _ in failed] == ["b.txt", "gone.txt"]
    assert all(isinstance(error, InputError) for _, error in failed)


def test_without_it_the_error_is_raised_after_what_came_before(extractor, paths):
    stream = extractor.extract_many(paths)
    assert next(stream).id == "a"
    with pytest.raises(InputError, match=r"b\.txt"):
        next(stream)


def test_to_pandas(extractor, paths):
    pd = pytest.importorskip("pandas")
    table = frames.to_pandas(extractor.extract_many([paths[0], paths[2]]))
    assert list(table["document"].unique()) == ["a", "c"]
    assert list(table["kind"])[:3] == ["metric", "measure", "problem"]
    assert table.loc[0, "value"] == 3.0
    assert table.loc[1, "value"] is pd.NA or table.loc[1, "value"] != table.loc[1, "value"]
    source = ingest.decoded_source(paths[0])
    row = table.iloc[1]
    assert source[row["source_start"] : row["source_end"]] == row["text"]
    assert list(frames.to_pandas([]).dtypes) == list(table.dtypes)


def test_to_dataset(extractor, paths):
    pytest.importorskip("datasets")
    documents = list(extractor.extract_many([paths[0], paths[2]]))
    rows = frames.to_dataset(iter(documents))
    assert rows["id"][:] == ["a", "c"]
    for row, document in zip(rows, documents, strict=True):
        assert [(span["start"], span["end"], span["label"]) for span in row["spans"]] == [
            (span.start, span.end, span.label) for span in document.spans
        ]
        assert json.loads(row["meta"]) == document.meta


@pytest.mark.parametrize(("call", "library"), [(frames.to_pandas, "pandas"), (frames.to_dataset, "datasets")])
def test_a_missing_library_is_named_with_its_remedy(call, library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"{library} is not installed; install it with: pip install 'fazhi\[frames\]'"):
        call([])
