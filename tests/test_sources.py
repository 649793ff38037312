"""Where projects begin: tables, exports, folders of images, digits; what cannot be read says what to do."""

import datetime
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lsal.errors import BadData, BadRequest
from lsal.files import to_json
from lsal.kinds import match
from lsal.label_studio.config import read_config
from lsal.rehearsal import source as rehearsal
from lsal.sources import Row, Source, Wanted, place_image, read_source, read_table, texts_of
from lsal.sources import jsons as jsons_module
from lsal.sources.cells import plain
from lsal.sources.configs import choices_config
from lsal.sources.digits import SIDE
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


def read(path: Path, columns: tuple[str, str] = ("text", "label"), skip_bad: bool = False, **more: Any) -> Source:
    wanted = Wanted(input=columns[0], label=columns[1], **more)
    return read_source(str(path), path.parent / "made", wanted, skip_bad=skip_bad)


def row(text: str, label: Any = None, split: str = "train", **more: Any) -> Row:
    return Row({"text": text, **more}, label, split)


def texts(source: Source) -> list[Any]:
    return [one.data["text"] for one in source.rows]


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (4, 4), 7).save(path)
    return path


def test_digits_are_images_of_ten_classes(tmp_path: Path) -> None:
    source = read_source("digits", tmp_path)
    assert (len(source.rows), source.kind, source.labels) == (1797, "image", tuple("0123456789"))
    assert {row.label for row in source.rows} == set(source.labels)
    assert len({row.data["image"] for row in source.rows}) == 1797
    with Image.open(source.rows[0].data["image"]) as image:
        assert image.size == (SIDE, SIDE)
        assert image.getextrema() == (15, 255)  # ink is dark; this one's darkest pixel is 15 of 16
    assert all(row.data["image"].parent == tmp_path / "digits" for row in source.rows)


def test_shapes_are_boxes_on_photographs_and_the_same_each_time(tmp_path: Path) -> None:
    source = read_source("shapes", tmp_path)
    assert (source.title, source.kind, source.labels) == ("shapes", "boxes", ("disc", "square", "triangle"))
    assert {split: source.found.splits.count(split) for split in source.found.splits} == {"train": 240, "test": 80}
    shown = [row.objects.items for row in source.rows if row.objects]
    assert 0 < sum(not items for items in shown) < 80, "some are empty, most are not"
    drawn = Counter(region.label for items in shown for region in items)
    assert all(count > 150 for count in drawn.values())
    again = read_source("shapes", tmp_path)
    assert again.found.digest == source.found.digest
    with Image.open(source.rows[0].data["image"]) as image:
        assert len(image.getcolors(100_000) or ()) > 1000, "a photograph"


@pytest.mark.parametrize("name", ["digits", "shapes"])
def test_a_set_that_is_drawn_again_leaves_its_files_to_those_who_read_them(tmp_path: Path, name: str) -> None:
    """Rehearsals at the same time read one folder: a file is never cut short and written anew under their hands."""
    images = [row.data["image"] for row in read_source(name, tmp_path).rows]
    torn, held = images[3], tmp_path / "held"
    whole = torn.read_bytes()
    held.hardlink_to(torn)
    torn.write_bytes(whole[:50])
    before = {path: path.stat().st_mtime_ns for path in images if path != torn}
    with held.open("rb") as reading:
        assert [row.data["image"] for row in read_source(name, tmp_path).rows] == images
        assert reading.read() == whole[:50], "who has the file open reads on in the old one"
    assert torn.read_bytes() == whole
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "ndjson"])
def test_tables_give_texts_and_labels(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"mail.{ending}"
    source = read(lines(path, ROWS) if "json" in ending else table(path, sign="\t" if ending == "tsv" else ","))
    assert source.rows == [row("buy, now", "spam"), row("see you\nsoon", "ham"), row("007")]
    assert (source.title, source.kind, source.labels) == ("mail", "text", ("ham", "spam"))


def test_other_columns_are_named_and_a_split_is_kept(tmp_path: Path) -> None:
    rows = [{"q": "who?", "y": 1, "split": "train"}, {"q": "when?", "y": 2, "split": "test"}]
    for path in (lines(tmp_path / "t.jsonl", rows), table(tmp_path / "t.csv", rows)):
        source = read(path, columns=("q", "y"))
        told = [Row({"text": one["q"], "split": one["split"]}, str(one["y"]), one["split"]) for one in rows]
        assert source.rows == told
        assert source.labels == ("1", "2")


def test_a_line_without_a_label_is_an_item_without_one(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": 1}, {"text": "b"}, {"text": "c", "label": None}, {"text": "d", "label": 0}]
    source = read(lines(tmp_path / "t.jsonl", rows))
    assert source.labels == ("0", "1")
    assert [row.label for row in source.rows] == ["1", None, None, "0"]


def test_a_row_without_a_text_is_named(tmp_path: Path) -> None:
    good = [{"text": "a", "label": "A"}, {"text": "b", "label": "B"}]
    missing = [{"label": "B"}, {"text": None, "label": "B"}, {"text": " \n", "label": "B"}]
    gaps = [good[0], *missing, {"text": float("nan"), "label": "A"}, good[1]]
    told = r"rows cannot be taken: Row 2 of .* has no text in 'text'; Row 3 of .*.* leave such rows out: --skip-bad"
    with pytest.raises(BadData, match=told) as caught:
        read_source(pd.DataFrame(gaps), tmp_path)
    assert caught.value.what.startswith("4 rows")
    blank = [{"text": text, "label": "A"} for text in ("", " ")]
    for path in (lines(tmp_path / "t.jsonl", gaps[:4] + gaps[5:]), table(tmp_path / "t.csv", good + blank)):
        with pytest.raises(BadData, match=r"[23] rows cannot be taken: .* has no text in 'text'"):
            read(path)
        assert texts(read(path, skip_bad=True)) == ["a", "b"]


def test_a_row_is_blank_if_nothing_that_the_config_shows_has_a_text(tmp_path: Path) -> None:
    config = """<View><Text name="t" value="$title"/><Text name="b" value="$body"/>
      <Choices name="c" toName="b"><Choice value="x"/><Choice value="y"/></Choices></View>"""
    rows = [{"title": "t", "body": ""}, {"title": "", "body": " "}]
    wanted = Wanted(fields={"title": "Text", "body": "Text"})
    with pytest.raises(BadData, match=r"Row 2 of .* has no text in 'title', 'body'"):
        read_source(str(table(tmp_path / "t.csv", rows)), tmp_path, wanted, config)


def test_texts_that_look_like_something_else_stay_texts(tmp_path: Path) -> None:
    odd = ["2026-01-02", "1.50", "true", "NA", "null", "0", "1e3"]
    rows = [{"text": text, "date": text, "label": "AB"[n % 2]} for n, text in enumerate(odd)]
    for path in (lines(tmp_path / "t.jsonl", rows), table(tmp_path / "t.csv", rows)):
        assert texts(read(path)) == odd
        assert texts(read(path, columns=("date", "label"))) == odd


def test_classes_may_be_named_where_the_data_tell_none(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", [{"text": "a"}, {"text": "b"}])
    with pytest.raises(BadRequest, match="tells no classes") as caught:
        read(path)
    assert "--labels" in caught.value.fix
    source = read(path, labels=("yes", "no"))
    assert (source.labels, source.rows[0]) == (("yes", "no"), row("a"))


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
    source = read(path)
    outside = starting.split(source.found.splits, 0.5, 0)
    assert outside == {1, 5}
    pool, test = rehearsal.read_source(path, "text", "label").pool_and_test(0)
    assert [example.input for example in pool] == ["0", "2", "3", "4"]
    assert [example.input for example in test] == [texts(source)[place] for place in sorted(outside)]


def test_a_source_that_is_all_test_still_gives_a_pool(tmp_path: Path) -> None:
    rows = [{"text": str(n), "label": "AB"[n % 2], "split": "test"} for n in range(10)]
    path = table(tmp_path / "t.csv", rows)
    assert len(starting.split(read(path).found.splits, 0.2, 0)) == 2
    assert [len(part) for part in rehearsal.read_source(path, "text", "label").pool_and_test(0)] == [8, 2]


@pytest.mark.parametrize("rows", [[{"a": None, "b": None}], [{"a": float("nan"), "b": [1, None]}], [{}], []])
def test_a_table_is_all_text_whatever_is_missing(rows: list[dict[str, Any]]) -> None:
    cells = texts_of(rows).to_dict("records")
    assert all(isinstance(cell, str) for row in cells for cell in row.values())
    assert all(row.get("a", "") == "" for row in cells)


def test_short_lines_end_in_empty_cells(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("text\tlabel\tsplit\na\tA\nb\tB\ttest\n")
    assert read(tmp_path / "t.tsv").rows == [
        Row({"text": "a", "split": ""}, "A"),
        Row({"text": "b", "split": "test"}, "B", "test"),
    ]


def test_one_class_is_none_to_tell_apart(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="tells one class only, 'A', and a choice needs two") as caught:
        read(table(tmp_path / "t.csv", [{"text": "a", "label": "A"}]))
    assert "--labels A,other" in caught.value.fix


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
    assert source.rows == [Row({"image": path}, path.parent.name) for path in found]


def test_a_flat_folder_needs_names_of_classes(tmp_path: Path) -> None:
    path = picture(tmp_path / "zoo" / "1.png")
    with pytest.raises(BadRequest, match="tell no classes") as caught:
        read(tmp_path / "zoo")
    assert "--labels" in caught.value.fix
    assert read(tmp_path / "zoo", labels=("cat", "dog")).rows == [Row({"image": path})]


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
    handled, unhandled = match(read_config(choices_config(kind, labels)).controls)
    assert not unhandled
    ((control, _),) = handled.values()
    assert (control.name, control.labels, control.data_key, control.several) == ("label", labels, kind, False)


# More than a text and its class ---------------------------------------------------


def test_other_columns_come_along_and_the_class_does_not(tmp_path: Path) -> None:
    rows = [{"id": 7, "text": "a", "label": "x", "when": "2026"}, {"id": 8, "text": "b", "label": "y", "when": "-"}]
    for path in (lines(tmp_path / "t.jsonl", rows), table(tmp_path / "t.csv", rows)):
        first = read(path).rows[0].data
        assert list(first) == ["text", "id", "when"]
        assert str(first["id"]) == "7"
    other = read(lines(tmp_path / "u.jsonl", rows), columns=("when", "label")).rows[0]
    assert other.data == {"text": "2026", "id": 7, "text_2": "a"}, "a column called text must not be written over"


def test_several_labels_are_asked_for(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": "x|y"}, {"text": "b", "label": " y "}, {"text": "c", "label": ""}]
    single = read(table(tmp_path / "t.csv", rows), labels=("x|y", " y "))
    assert [one.label for one in single.rows] == ["x|y", " y ", None]
    source = read(table(tmp_path / "t.csv", rows), several=True)
    assert [one.label for one in source.rows] == [("x", "y"), ("y",), None]
    ((control, _),) = match(read_config(source.config).controls)[0].values()
    assert (control.several, control.labels) == (True, ("x", "y"))
    listed = lines(tmp_path / "t.jsonl", [{"text": "a", "label": ["x", "y"]}, {"text": "b", "label": []}])
    assert [one.label for one in read(listed, several=True).rows] == [("x", "y"), ()]
    with pytest.raises(BadData, match=r"Line 1 of .* has several labels") as caught:
        read(listed)
    assert "--several" in caught.value.fix


def test_a_config_of_ones_own_keeps_every_columns_name(tmp_path: Path) -> None:
    rows = [{"title": "t", "body": "b", "label": "x", "page": 3}]
    wanted = Wanted(fields={"title": "Text", "body": "Text"}, labels=("x", "y"))
    source = read_source(str(lines(tmp_path / "t.jsonl", rows)), tmp_path, wanted, config="<View/>")
    assert source.rows == [Row({"title": "t", "body": "b", "page": 3}, "x")]
    assert source.config == "<View/>"
    with pytest.raises(BadData, match="has no column 'photo'") as caught:
        read_source(str(tmp_path / "t.jsonl"), tmp_path, Wanted(fields={"photo": "Image"}), config="<View/>")
    assert "title, body, label, page" in caught.value.fix
    shown = Wanted(fields={"label": "Text"})
    assert read_source(str(tmp_path / "t.jsonl"), tmp_path, shown, config="<View/>").rows[0].data["label"] == "x"


def test_files_beside_a_table_are_found_where_the_config_shows_them(tmp_path: Path) -> None:
    image = picture(tmp_path / "images" / "1.png")
    rows = [{"photo": "images/1.png"}, {"photo": "https://example.com/2.png"}, {"photo": "gone.png"}]
    wanted = Wanted(fields={"photo": "Image"})
    source = read_source(str(table(tmp_path / "t.csv", rows)), tmp_path, wanted, config="<View/>")
    assert [one.data["photo"] for one in source.rows] == [image, "https://example.com/2.png", "gone.png"]


@pytest.mark.parametrize("value", [None, {"a": 1}, True, ["x"]])
def test_what_an_object_cannot_show_is_named(tmp_path: Path, value: Any) -> None:
    path = lines(tmp_path / "t.jsonl", [{"page": "<p>"}, {"page": value}])
    with pytest.raises(BadData, match=r"Line 2 of .* in 'page', which <HyperText> cannot show"):
        read_source(str(path), tmp_path, Wanted(fields={"page": "HyperText"}), config="<View/>")


# Bad rows -------------------------------------------------------------------------


def mixed(path: Path) -> Path:
    """Four good rows, and three that are bad in three ways."""
    content = b'text,label\na,x\nb,y,too much\n"c",x\nd\xe9,y\n"e"e,x\nf,y\ng,x\n'
    path.write_bytes(content)
    return path


def test_bad_rows_are_named_by_number_and_nothing_goes_on(tmp_path: Path) -> None:
    with pytest.raises(BadData) as caught:
        read(mixed(tmp_path / "t.csv"))
    what = caught.value.what
    assert what.startswith("3 rows cannot be taken: Row 2 of ")
    assert "has 3 cells, 2 were expected; Row 4 of " in what
    assert "is not in UTF-8; Row 5 of " in what
    assert "--skip-bad" in caught.value.fix


def test_bad_rows_are_left_out_if_wanted(tmp_path: Path) -> None:
    source = read(mixed(tmp_path / "t.csv"), skip_bad=True)
    assert texts(source) == ["a", "c", "f", "g"]
    assert (source.found.count, source.found.bad_count) == (4, 3)


def test_of_many_bad_rows_three_are_named(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"text": "a"}\n' + "{not json\n" * 50)
    with pytest.raises(BadData, match=r"50 rows cannot be taken: Line 2 .*Line 3 .*Line 4 .*; and 47 more\."):
        read(tmp_path / "t.jsonl", labels=("x", "y"))
    assert read(tmp_path / "t.jsonl", labels=("x", "y"), skip_bad=True).found.bad_count == 50


def test_a_quotation_that_never_ends_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('text,label\na,x\n"b,y\nc,x\nd,y\n')
    for skip_bad in (False, True):
        with pytest.raises(BadData, match=r"Row 2 of .* opens a quotation that never ends"):
            read(tmp_path / "t.csv", skip_bad=skip_bad)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,label,label\na,x,y\n")
    with pytest.raises(BadData, match="2 columns named 'label'"):
        read(tmp_path / "t.csv")


def test_tables_of_spreadsheets_are_read(tmp_path: Path) -> None:
    (tmp_path / "bom.csv").write_bytes("\ufefftext,label\nä,x\nb,y\n".encode())
    (tmp_path / "wide.csv").write_bytes("text,label\nä,x\nb,y\n".encode("utf-16"))
    (tmp_path / "semicolons.csv").write_bytes('text;label\n"ä";x\nb;y\n'.encode())
    for path in tmp_path.glob("*.csv"):
        assert texts(read(path)) == ["ä", "b"], path


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    for name in ("cat/1.png", "dog/1.png"):
        picture(tmp_path / "zoo" / name)
    (tmp_path / "zoo" / "cat" / "2.png").write_bytes(b"")
    with pytest.raises(BadData, match=r"2\.png is no image that can be read"):
        read(tmp_path / "zoo")
    assert len(read(tmp_path / "zoo", skip_bad=True).rows) == 2


def test_what_no_json_can_hold_is_a_bad_row(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('[{"text": "a", "label": "x"}, {"text": "\\ud800", "label": "y"}, {"text": "c"}]')
    with pytest.raises(BadData, match=r"Item 2 of .* cannot be sent"):
        read(tmp_path / "t.json")


# JSON, parquet, DataFrames --------------------------------------------------------


@pytest.mark.parametrize("letters", [16, 64, 1 << 20])
def test_a_json_list_is_read_element_by_element(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, letters: int) -> None:
    """However the file is cut into pieces, also within an element, a number, or an escape."""
    monkeypatch.setattr(jsons_module, "AT_ONCE", letters)
    rows = [
        {"text": f'"{n}" é \\ [{{,}}]', "label": "xy"[n % 2], "n": n * 10**n, "list": [n, {"a": None}]}
        for n in range(12)
    ]
    for indent in (None, 2):
        (tmp_path / "t.json").write_text(json.dumps(rows, indent=indent))
        found = read(tmp_path / "t.json").rows
        assert [{**one.data, "label": one.label} for one in found] == rows
    (tmp_path / "n.json").write_text('[1234567890123456789012, {"text": "a"}]')
    source = read(tmp_path / "n.json", labels=("x", "y"), skip_bad=True)
    assert (texts(source), source.found.bad_count) == (["a"], 1)


@pytest.mark.parametrize("content", ["[", "[{}", '[{"text": 1} {"text": 2}]', "3", "", '[{"text": "a"}, {"te', "[1 2]"])
def test_json_that_breaks_off_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "t.json").write_text(content)
    with pytest.raises(BadData, match=r"t\.json cannot be read as JSON"):
        read(tmp_path / "t.json", labels=("x", "y"))


FRAME = pd.DataFrame(
    {
        "text": ["a", "b", "c"],
        "label": [1, 2, np.nan],
        "score": [0.5, np.inf, 2.0],
        "when": pd.to_datetime(["2026-01-02", None, "2026-01-03"]),
        "tags": [["p", "q"], [], None],
        "big": [1, 2, 3],
    }
)


def framed() -> list[Row]:
    day = "2026-01-0{}T00:00:00"
    return [
        Row({"text": "a", "score": 0.5, "when": day.format(2), "tags": ["p", "q"], "big": 1}, "1"),
        Row({"text": "b", "score": None, "when": None, "tags": [], "big": 2}, "2"),
        Row({"text": "c", "score": 2.0, "when": day.format(3), "tags": None, "big": 3}, None),
    ]


def test_a_dataframe_is_read_with_its_types(tmp_path: Path) -> None:
    found = read_source(FRAME.set_index(pd.Index([5, 5, 9])), tmp_path).rows
    assert found == framed()
    assert to_json([one.data for one in found])
    with pytest.raises(BadData, match="Row 1 of the DataFrame has the label '1'"):
        read_source(FRAME, tmp_path, Wanted(labels=("3", "4")))
    with pytest.raises(BadData, match="no column 'text'"):
        read_source(FRAME.drop(columns="text"), tmp_path)


def test_parquet_is_read_as_the_dataframe_is(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "t.parquet", row_group_size=2)
    assert read(tmp_path / "t.parquet").labels == ("1.0", "2.0")  # pandas wrote numbers with a missing one as floats
    FRAME.convert_dtypes().to_parquet(tmp_path / "t.parquet")
    found = read(tmp_path / "t.parquet")
    assert [one.label for one in found.rows] == ["1", "2", None]
    assert [{**one.data, "score": None} for one in found.rows] == [{**one.data, "score": None} for one in framed()]
    (tmp_path / "u.parquet").write_bytes(b"PAR1 is what it says")
    with pytest.raises(BadData, match=r"u\.parquet cannot be read as parquet"):
        read(tmp_path / "u.parquet")


def test_without_pyarrow_parquet_says_how_to_get_it(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "t.parquet")
    code = (
        "import sys; sys.modules['pyarrow'] = None\nfrom lsal.sources import read_source\n"
        f"try: read_source({str(tmp_path / 't.parquet')!r}, None)\nexcept Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Reading parquet needs pyarrow" in done.stdout
    assert "pip install pyarrow" in done.stdout


def test_values_become_what_json_can_hold() -> None:
    odd = [
        np.int64(3),
        np.float32(0.5),
        pd.NA,
        pd.NaT,
        np.nan,
        2**70,
        datetime.date(2026, 1, 2),
        {"a": {1}},
        np.arange(2),
    ]
    assert [plain(value) for value in odd] == [3, 0.5, None, None, None, str(2**70), "2026-01-02", {"a": [1]}, [0, 1]]


def test_a_source_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    source = read(table(tmp_path / "t.csv"))
    table(tmp_path / "t.csv", ROWS[:2])
    with pytest.raises(BadData, match="changed while it was read"):
        source.rows  # noqa: B018


def test_a_large_table_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    """A process that reads 60 MB grows by less than a third of that.

    Asked of its own memory: `ru_maxrss` begins with what the process was that started it.
    """
    with (tmp_path / "t.csv").open("w") as file:
        file.write("text,label\n")
        for number in range(20_000):
            file.write(f"{'word ' * 600}{number},{'xy'[number % 2]}\n")
    code = (
        "from pathlib import Path\nfrom lsal.sources import read_source\n"
        "def peak():\n"
        "    told = Path('/proc/self/status').read_text()\n"
        "    return int(told.partition('VmHWM:')[2].split()[0])\n"
        "before = peak()\n"
        f"source = read_source({str(tmp_path / 't.csv')!r}, None)\nassert sum(1 for _ in source.good()) == 20_000\n"
        "print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20_000, "kilobytes"


def test_a_table_is_whole_for_a_rehearsal_or_refused(tmp_path: Path) -> None:
    assert read_table(table(tmp_path / "t.csv")).to_dict("records") == ROWS
    with pytest.raises(BadData, match="Row 2 of"):
        read_table(mixed(tmp_path / "u.csv"))


# Exports of Label Studio ----------------------------------------------------------


def task(text: str, *labels: str, **more: Any) -> dict[str, Any]:
    """A task as Label Studio exports it, each label by another person."""
    region = {"from_name": "topic", "to_name": "body", "type": "choices"}
    given = [
        {"id": n, "completed_by": n, "result": [{**region, "value": {"choices": label.split("|")}}], "lead_time": 1.5}
        for n, label in enumerate(labels)
    ]
    return {"id": 9, "data": {"text": text}, "annotations": given, "predictions": [{"result": []}], **more}


def exported(path: Path, *tasks: dict[str, Any]) -> Path:
    path.write_text(json.dumps(list(tasks)), "utf-8")
    return path


def test_an_export_brings_its_annotations_and_its_config_is_inferred(tmp_path: Path) -> None:
    source = read(exported(tmp_path / "e.json", task("a", "x", "y"), task("b"), task("c", "y|z")))
    assert [one.data for one in source.rows] == [{"text": "a"}, {"text": "b"}, {"text": "c"}]
    assert [len(one.answers) for one in source.rows] == [2, 0, 1]
    assert source.rows[0].answers[0] == {
        "result": task("a", "x")["annotations"][0]["result"],
        "was_cancelled": False,
        "ground_truth": False,
        "lead_time": 1.5,
        "completed_by": 0,
    }
    (control,) = read_config(source.config).controls
    assert (control.name, control.to_name, control.data_key, control.several) == ("topic", "body", "text", True)
    assert control.labels == ("x", "y", "z")
    wider = read(tmp_path / "e.json", labels=("z", "y", "x", "w"))
    assert read_config(wider.config).controls[0].labels == ("z", "y", "x", "w")
    with pytest.raises(BadRequest, match="the label 'z' too"):
        read(tmp_path / "e.json", labels=("x", "y"))


def test_old_exports_call_annotations_completions(tmp_path: Path) -> None:
    old = {**task("a", "x"), "completions": task("a", "x", "y")["annotations"]}
    del old["annotations"]
    old["completions"][1]["skipped"] = True
    (row_,) = read(exported(tmp_path / "e.json", old)).rows
    assert [answer["was_cancelled"] for answer in row_.answers] == [False, True]


def test_tasks_without_annotations_are_a_table(tmp_path: Path) -> None:
    path = exported(tmp_path / "e.json", {"data": {"text": "a", "label": "x"}}, {"data": {"text": "b", "label": "y"}})
    assert read(path).rows == [row("a", "x"), row("b", "y")]


def test_json_min_is_refused_by_name(tmp_path: Path) -> None:
    path = exported(
        tmp_path / "e.json", {"text": "a", "topic": "x", "annotator": 1, "annotation_id": 2, "lead_time": 3}
    )
    with pytest.raises(BadData, match="JSON-MIN") as caught:
        read(path)
    assert "as JSON" in caught.value.fix


def test_other_annotations_than_choices_need_a_config(tmp_path: Path) -> None:
    region = {"from_name": "box", "to_name": "image", "type": "rectanglelabels", "value": {"rectanglelabels": ["x"]}}
    with pytest.raises(BadRequest, match="hold rectanglelabels") as caught:
        read(exported(tmp_path / "e.json", task("a", annotations=[{"result": [region]}])))
    assert "--config" in caught.value.fix


@pytest.mark.parametrize("address", ["/data/upload/3/ab12cd34-cat.png", "/data/local-files/?d=zoo/cat.png"])
def test_files_of_another_label_studio_are_named_or_found(tmp_path: Path, address: str) -> None:
    cat = picture(tmp_path / "files" / "cat.png")
    path = exported(tmp_path / "e.json", task("a", "x", data={"image": address, "more": ["a", address]}))
    with pytest.raises(BadData, match=r"Item 1 of .*cat\.png, a file that only its own Label Studio has") as caught:
        read(path)
    assert "--files" in caught.value.fix
    (found,) = read(path, find=lambda asked: cat if asked == address else None).rows
    assert found.data == {"image": cat, "more": ["a", cat]}


@pytest.mark.parametrize(
    "broken", [{"annotations": "x"}, {"annotations": [3]}, {"annotations": [{"result": "x"}]}, {"data": None}]
)
def test_a_broken_task_is_named(tmp_path: Path, broken: dict[str, Any]) -> None:
    path = exported(tmp_path / "e.json", task("a", "x"), task("b", "y") | broken)
    with pytest.raises(BadData, match=r"Item 2 of .*e\.json"):
        read(path)


@pytest.mark.data
def test_real_exports_are_read_or_say_what_they_need(shared_data: Path) -> None:
    met: Counter[str] = Counter()
    for path in real_exports(shared_data / "ls_exports"):
        try:
            source = read_source(str(path), path.parent, skip_bad=True)
        except (BadData, BadRequest) as error:
            met[next(why for why in WHYS if why in f"{error}")] += 1
        else:
            met["read"] += source.found.answered > 0
            assert all(
                region["type"] == "choices" for one in source.rows for said in one.answers for region in said["result"]
            )
            assert read_config(source.config).controls
    assert met == {"read": 10, WHYS[0]: 39, WHYS[1]: 7, WHYS[2]: 3}


@pytest.mark.data
def test_real_exports_are_read_with_their_config(shared_data: Path) -> None:
    met = 0
    for path in real_exports(shared_data / "ls_exports"):
        config = next(
            (one for one in (path.with_name("label_config.xml"), path.parents[1] / "config.xml") if one.exists()), None
        )
        if config is not None and path.stem not in ("data_obb", "data_polygons", "data_keypoints", "data_repeater"):
            fields = {one.data_key: one.object_tag for one in read_config(config.read_text()).controls if one.data_key}
            source = read_source(str(path), path.parent, Wanted(fields=fields, find=Path), config.read_text())
            assert source.found.answered == source.found.count
            met += 1
    assert met == 38


WHYS = ("No label config can be made", "he annotations of", "--files FOLDER")


def real_exports(folder: Path) -> Iterator[Path]:
    """Files of tasks with annotations."""
    for path in sorted(folder.rglob("*.json")):
        tasks = json.loads(path.read_bytes())
        first = tasks[0] if isinstance(tasks, list) and tasks else tasks
        if isinstance(first, dict) and isinstance(first.get("data"), dict) and first.get("annotations"):
            yield path
