"""Where projects begin: digits, tables of texts, folders of images; what cannot be read says what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lsal.errors import BadData, BadRequest
from lsal.kinds import match
from lsal.label_studio.config import read_config
from lsal.rehearsal import source as rehearsal
from lsal.sources import DIGIT_SIDE, Row, Source, place_image, read_source, texts_of
from lsal.workbench import starting

ROWS = [{"text": "buy, now", "label": "spam"}, {"text": "see you\nsoon", "label": "ham"}, {"text": "007", "label": ""}]


def table(path: Path, rows: list[dict[str, Any]] = ROWS, sign: str = ",") -> Path:
    lines = [sign.join(rows[0])]
    lines += [sign.join('"' + str(value).replace('"', '""') + '"' for value in row.values()) for row in rows]
    path.write_text("\n".join(lines), "utf-8")
    return path


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


def read(path: Path, **more: Any) -> Source:
    return read_source(str(path), path.parent / "made", **more)


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (4, 4), 7).save(path)
    return path


def test_digits_are_images_of_ten_classes(tmp_path: Path) -> None:
    source = read_source("digits", tmp_path / "digits")
    assert (len(source.rows), source.kind, source.labels) == (1797, "image", tuple("0123456789"))
    assert {row.label for row in source.rows} == set(source.labels)
    assert len({row.content for row in source.rows}) == 1797
    with Image.open(source.rows[0].content) as image:
        assert image.size == (DIGIT_SIDE, DIGIT_SIDE)
        assert image.getextrema() == (15, 255)  # ink is dark; this one's darkest pixel is 15 of 16
    assert all(Path(row.content).parent == tmp_path / "digits" for row in source.rows)


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "ndjson"])
def test_tables_give_texts_and_labels(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"mail.{ending}"
    source = read(lines(path, ROWS) if "json" in ending else table(path, sign="\t" if ending == "tsv" else ","))
    assert source.rows == [Row("buy, now", "spam"), Row("see you\nsoon", "ham"), Row("007", None)]
    assert (source.title, source.kind, source.labels) == ("mail", "text", ("ham", "spam"))


def test_other_columns_are_named_and_a_split_is_kept(tmp_path: Path) -> None:
    rows = [{"q": "who?", "y": 1, "split": "train"}, {"q": "when?", "y": 2, "split": "test"}]
    for path in (lines(tmp_path / "t.jsonl", rows), table(tmp_path / "t.csv", rows)):
        source = read(path, columns=("q", "y"))
        assert source.rows == [Row("who?", "1", "train"), Row("when?", "2", "test")]
        assert source.labels == ("1", "2")


def test_a_line_without_a_label_is_an_item_without_one(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": 1}, {"text": "b"}, {"text": "c", "label": None}, {"text": "d", "label": 0}]
    source = read(lines(tmp_path / "t.jsonl", rows))
    assert source.labels == ("0", "1")
    assert [row.label for row in source.rows] == ["1", None, None, "0"]


def test_a_line_without_a_text_is_empty(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": "A"}, {"label": "B"}, {"text": None, "label": "B", "split": "test"}]
    assert read(lines(tmp_path / "t.jsonl", rows)).rows == [Row("a", "A"), Row("", "B"), Row("", "B", "test")]


def test_texts_that_look_like_something_else_stay_texts(tmp_path: Path) -> None:
    odd = ["2026-01-02", "1.50", "true", "NA", "null", "", "1e3"]
    rows = [{"text": text, "date": text, "label": "AB"[n % 2]} for n, text in enumerate(odd)]
    for path in (lines(tmp_path / "t.jsonl", rows), table(tmp_path / "t.csv", rows)):
        assert [row.content for row in read(path).rows] == odd
        assert [row.content for row in read(path, columns=("date", "label")).rows] == odd


def test_classes_may_be_named_where_the_data_tell_none(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", [{"text": "a"}, {"text": "b"}])
    with pytest.raises(BadRequest, match="tells no classes") as caught:
        read(path)
    assert "--labels" in caught.value.fix
    source = read(path, labels=("yes", "no"))
    assert (source.labels, source.rows[0]) == (("yes", "no"), Row("a"))


def test_a_label_that_is_not_among_those_given_is_named(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": "yes"}, {"text": "b", "label": ""}, {"text": "c", "label": "maybe"}]
    with pytest.raises(BadData, match=r"Row 3 of .*t\.csv has the label 'maybe', which is not among yes, no") as caught:
        read(table(tmp_path / "t.csv", rows), labels=("yes", "no"))
    assert "--labels" in caught.value.fix
    assert "--label COLUMN" in caught.value.fix
    found = read(table(tmp_path / "t.csv", rows), labels=("yes", "no", "maybe")).rows
    assert [row.label for row in found] == ["yes", None, "maybe"]


def test_a_folders_name_that_is_not_among_the_labels_is_named(tmp_path: Path) -> None:
    for name in ("cat/1.png", "cow/2.png", "3.png"):
        picture(tmp_path / "zoo" / name)
    with pytest.raises(BadData, match=r"2\.png has the label 'cow', which is not among cat, dog") as caught:
        read(tmp_path / "zoo", labels=("cat", "dog"))
    assert "--labels" in caught.value.fix
    found = read(tmp_path / "zoo", labels=("cat", "cow")).rows
    assert {row.label for row in found} == {"cat", "cow", None}


def test_only_test_is_kept_out_of_the_pool(tmp_path: Path) -> None:
    words = ["train", "test", "dev", "validation", "", "test"]
    rows = [{"text": str(n), "label": "AB"[n % 2], "split": word} for n, word in enumerate(words)]
    path = table(tmp_path / "t.csv", rows)
    inside, outside = starting.split(read(path).rows, 0.5, 0)
    assert [row.content for row in inside] == ["0", "2", "3", "4"]
    pool, test = rehearsal.read_source(path, "text", "label").pool_and_test(0)
    assert [example.input for example in pool] == [row.content for row in inside]
    assert [example.input for example in test] == [row.content for row in outside]


def test_a_source_that_is_all_test_still_gives_a_pool(tmp_path: Path) -> None:
    rows = [{"text": str(n), "label": "AB"[n % 2], "split": "test"} for n in range(10)]
    path = table(tmp_path / "t.csv", rows)
    assert [len(part) for part in starting.split(read(path).rows, 0.2, 0)] == [8, 2]
    assert [len(part) for part in rehearsal.read_source(path, "text", "label").pool_and_test(0)] == [8, 2]


@pytest.mark.parametrize("rows", [[{"a": None, "b": None}], [{"a": float("nan"), "b": [1, None]}], [{}], []])
def test_a_table_is_all_text_whatever_is_missing(rows: list[dict[str, Any]]) -> None:
    cells = texts_of(rows).to_dict("records")
    assert all(isinstance(cell, str) for row in cells for cell in row.values())
    assert all(row.get("a", "") == "" for row in cells)


def test_short_lines_end_in_empty_cells(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("text\tlabel\tsplit\na\tA\nb\tB\ttest\n")
    assert read(tmp_path / "t.tsv").rows == [Row("a", "A"), Row("b", "B", "test")]


def test_one_class_is_none_to_tell_apart(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="tells no classes"):
        read(table(tmp_path / "t.csv", [{"text": "a", "label": "A"}]))


def test_a_missing_column_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="no column 'body'") as caught:
        read(table(tmp_path / "t.csv"), columns=("body", "label"))
    assert caught.value.fix == "Choose with --input from: text, label"


def test_a_missing_file_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="There is no") as caught:
        read(tmp_path / "none.csv")
    assert "digits" in caught.value.fix


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b""),
        ("t.csv", b"\x89PNG\r\n\x1a\n\x00\xff\xfe"),
        ("t.jsonl", b"{'text': 1}"),
        ("t.jsonl", b""),
        ("t.jsonl", b"[1, 2]"),
        ("t.jsonl", b"\xff\xfe"),
    ],
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadData, match=name) as caught:
        read(tmp_path / name)
    assert caught.value.fix


def test_a_folder_of_images_is_classed_by_its_folders(tmp_path: Path) -> None:
    found = [picture(tmp_path / "zoo" / name) for name in ("cat/1.png", "cat/2.JPG", "dog/1.png")]
    (tmp_path / "zoo" / "cat" / "notes.txt").write_text("no image")
    source = read(tmp_path / "zoo")
    assert (source.title, source.kind, source.labels) == ("zoo", "image", ("cat", "dog"))
    assert source.rows == [Row(path, path.parent.name) for path in found]


def test_a_flat_folder_needs_names_of_classes(tmp_path: Path) -> None:
    path = picture(tmp_path / "zoo" / "1.png")
    with pytest.raises(BadRequest, match="tell no classes") as caught:
        read(tmp_path / "zoo")
    assert "--labels" in caught.value.fix
    assert read(tmp_path / "zoo", labels=("cat", "dog")).rows == [Row(path)]


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="no image") as caught:
        read(tmp_path)
    assert ".png" in caught.value.fix


def test_images_of_one_name_are_placed_apart_and_once(tmp_path: Path) -> None:
    rows = [picture(tmp_path / "zoo" / name) for name in ("train/cat/1.png", "test/cat/1.png", "train/dog/1.png")]
    rows[1].write_bytes(rows[1].read_bytes() + b"another")
    placed = [place_image(path, tmp_path / "served") for path in rows]
    assert [path.read_bytes() for path in placed] == [path.read_bytes() for path in rows]
    assert len(set(placed)) == 3
    assert not any("cat" in path.name for path in placed)
    assert [place_image(path, tmp_path / "served") for path in rows] == placed


@pytest.mark.parametrize("kind", ["text", "image"])
def test_the_config_is_one_that_lsal_handles(kind: str) -> None:
    labels = ("cat", 'a "quoted" <tag> & more', "ünïcode")
    handled, unhandled = match(read_config(Source("t", kind, labels, []).config).controls)
    assert not unhandled
    ((control, _),) = handled.values()
    assert (control.name, control.labels, control.data_key, control.several) == ("label", labels, kind, False)
