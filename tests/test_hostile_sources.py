"""Tables that nobody would write: rows that are taken and bad ones that are named, or an error that says what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsal.errors import BadData, BadRequest
from lsal.label_studio.server import Server
from lsal.sources import Bad, Row, Wanted, read_source
from lsal.sources.tables import records_of
from lsal.workbench import starting

QUIET = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
values = st.recursive(
    leaves, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=3), one), max_leaves=5
)
rows = st.dictionaries(
    st.sampled_from(["text", "label", "data", "id", "annotations", ""]) | st.text(max_size=3), values
)
lines = st.one_of(rows, values).map(lambda row: json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass"))
WANTED = Wanted(labels=("a", "b"))


def looked_through(path: Path) -> None:
    """Read it as `new` does, bad rows left out."""
    try:
        source = read_source(str(path), path.parent, WANTED, skip_bad=True)
    except (BadData, BadRequest) as error:
        told = error
    else:
        assert all(isinstance(row, Row) for row in source.rows)
        assert all(isinstance(bad, Bad) and bad.where and bad.why for bad in source.found.bad)
        return
    assert told.what
    assert told.fix


@QUIET
@given(content=st.one_of(st.lists(lines).map(b"\n".join), st.binary(max_size=80)))
def test_json_lines_of_anything(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rows.jsonl").write_bytes(content)
    looked_through(tmp_path / "rows.jsonl")


@QUIET
@given(content=st.one_of(st.lists(lines).map(lambda each: b"[" + b",".join(each) + b"]"), st.binary(max_size=80)))
def test_json_lists_of_anything(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rows.json").write_bytes(content)
    looked_through(tmp_path / "rows.json")


@QUIET
@given(
    content=st.lists(st.lists(st.text(max_size=6), min_size=1, max_size=4).map(",".join)).map("\n".join),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-16-le"]),
)
def test_tables_of_anything(tmp_path: Path, content: str, encoding: str) -> None:
    (tmp_path / "rows.csv").write_bytes(f"text,label\n{content}".encode(encoding, "replace"))
    looked_through(tmp_path / "rows.csv")


@QUIET
@given(content=st.binary(max_size=200))
@pytest.mark.parametrize("start", [b"", b"PAR1", b"text,label\n", b"\xff\xfe", b"["])
@pytest.mark.parametrize("ending", ["csv", "parquet", "tsv", "json"])
def test_files_of_any_bytes(tmp_path: Path, ending: str, start: bytes, content: bytes) -> None:
    (tmp_path / f"rows.{ending}").write_bytes(start + content)
    looked_through(tmp_path / f"rows.{ending}")


def test_a_good_row_among_bad_ones_is_taken_and_those_are_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "fine", "label": "a"}\n{"text": null}\n[1]\n{\n{"text": {"deep": 1}}\n{"text": ["x"]}\n')
    source = read_source(str(path), tmp_path, WANTED, skip_bad=True)
    assert [row.data["text"] for row in source.rows] == ["fine"]
    assert [str(bad).partition(" of ")[0] for bad in source.found.bad] == [
        "Line 2",
        "Line 3",
        "Line 4",
        "Line 5",
        "Line 6",
    ]
    assert len(list(records_of(path)())) == 6


def test_deep_and_huge_values(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    deep = "[" * 3_000 + "]" * 3_000
    path.write_text(f'{{"text": {deep}}}\n{{"text": "{"x" * 2_000_000}"}}\n{{"text": 1e400}}\n{{"text": {10**40}}}\n')
    looked_through(path)
    (tmp_path / "rows.json").write_text(f"[{deep}]")
    looked_through(tmp_path / "rows.json")


DYNAMIC = '<View><Text name="t" value="$text"/><Choices name="c" toName="t" value="$options"/></View>'


@pytest.mark.parametrize(
    ("ending", "content", "says"),
    [
        ("csv", "text,label\nfine,a\n", "Row 1 .* has nothing in 'options', from which <Choices name='c'>"),
        ("jsonl", '{"text": "a", "options": []}\n{"text": "b", "options": 7}\n', "Line 2 .* has nothing in 'options'"),
    ],
)
def test_labels_that_each_task_brings_are_missed_before_anything_is_made(
    tmp_path: Path, ending: str, content: str, says: str
) -> None:
    (tmp_path / f"rows.{ending}").write_text(content)
    (tmp_path / "config.xml").write_text(DYNAMIC)
    up: Callable[[], Server] = pytest.fail  # nothing is started for it
    asked: dict[str, Any] = {"config": str(tmp_path / "config.xml")}
    with pytest.raises(BadData, match=says) as error:
        starting.new(tmp_path / "root", up, str(tmp_path / f"rows.{ending}"), **asked)
    assert "or write them in the config" in error.value.fix
