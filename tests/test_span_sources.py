"""Texts with spans as a source: read, surveyed, refused by line, rehearsed, and labelled in a demo."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lsal.errors import BadData
from lsal.kinds.writing import drawn, taking
from lsal.label_studio.config import read_config
from lsal.records import Example, Span, Spans
from lsal.rehearsal import rehearse
from lsal.rehearsal.source import read_source as read_labelled
from lsal.sources import Source, Wanted, read_source
from lsal.workbench.wanting import Options, labels_control, wanted

TEXT = "😀 Zoë met Bob\r\nin Paris"
ROW = {
    "id": "7",
    "text": TEXT,
    "tokens": ["x"],
    "tags": ["O"],
    "entities": [
        {"start": 2, "end": 5, "label": "person", "text": "Zoë"},
        {"start": 18, "end": 23, "label": "place"},
    ],
}
NOTHING = {"id": "8", "text": "nothing here", "entities": [], "split": "test"}
UNKNOWN = {"id": "9", "text": "not looked at"}


def write(folder: Path, rows: Sequence[Any]) -> str:
    path = folder / "marked.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return str(path)


def read(folder: Path, *rows: Any, **more: Any) -> Source:
    return read_source(write(folder, rows), folder, **more)


def test_a_table_with_entities_is_a_source_of_spans(tmp_path: Path) -> None:
    source = read(tmp_path, ROW, NOTHING, UNKNOWN)
    assert (source.kind, source.labels, source.tool) == ("spans", ("person", "place"), "Labels")
    first, nothing, unknown = source.rows
    assert first.target == Spans((Span(2, 5, "person"), Span(18, 23, "place")))
    assert TEXT[2:5] == "Zoë"
    assert TEXT[18:23] == "Paris"
    assert first.data == {"text": TEXT, "id": "7"}  # neither the answer nor its words
    assert (nothing.target, nothing.split) == (Spans(), "test")
    assert unknown.target is None
    assert (source.found.labelled, source.found.classes) == (2, ("person", "place"))
    control, kind = labels_control(source)
    assert (control.tag, control.labels, kind.name) == ("Labels", ("person", "place"), "text_spans")


def test_spans_as_other_programs_write_them(tmp_path: Path) -> None:
    """doccano's lists, also as a list of JSON and a DataFrame; offsets under long names."""
    rows = [{"text": "Bob and Ann", "label": [[0, 3, "person"], [8, 11, "person"]]}]
    target = Spans((Span(0, 3, "person"), Span(8, 11, "person")))
    assert read(tmp_path, *rows).rows[0].target == target
    (tmp_path / "list.json").write_text(json.dumps(rows))
    assert read_source(str(tmp_path / "list.json"), tmp_path).rows[0].target == target
    assert read_source(pd.DataFrame(rows), tmp_path).rows[0].target == target
    long = {"text": "Bob", "marks": [{"start_offset": 0, "end_offset": 3, "label": "person"}]}
    assert read(tmp_path, long, wanted=Wanted(label="marks")).rows[0].target == Spans((Span(0, 3, "person"),))


def test_a_column_of_classes_that_is_asked_for_goes_first(tmp_path: Path) -> None:
    rows = [{**ROW, "label": "good"}, {**NOTHING, "label": "bad"}]
    assert read(tmp_path, *rows).kind == "text"
    assert read(tmp_path, *rows, wanted=Wanted(label="entities")).kind == "spans"


@pytest.mark.parametrize(
    ("entities", "told"),
    [
        (
            [{"start": 2, "end": 99, "label": "person"}],
            "span 1 in 'entities' from 2 to 99, which is not in its text of 23",
        ),
        ([{"start": 5, "end": 5, "label": "person"}], "from 5 to 5"),
        ([{"start": -3, "end": 2, "label": "person"}], "from -3 to 2"),
        ([{"start": "2", "end": 5, "label": "person"}], "no start, end and label"),
        ([{"start": 3, "end": 6, "label": "person", "text": "Zoë"}], "of 'Zoë'; its text has 'oë '"),
        ("person", "has str in 'entities', not a list of spans"),
        ([3], "no start, end and label: 3"),
    ],
)
def test_bad_spans_are_named_with_their_line(tmp_path: Path, entities: Any, told: str) -> None:
    with pytest.raises(BadData, match="Line 2 of") as error:
        read(tmp_path, ROW, {**ROW, "entities": entities})
    assert told in str(error.value)
    assert error.value.fix
    assert read(tmp_path, ROW, {**ROW, "entities": entities}, skip_bad=True).found.count == 1


def test_a_label_that_was_not_named_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"Line 1 of .* has the label 'place', which is not among person"):
        read(tmp_path, ROW, wanted=Wanted(labels=("person",)))


CONFIG = """<View><Choices name="tone" toName="said"><Choice value="a"/><Choice value="b"/></Choices>
<Labels name="who" toName="said"><Label value="place"/><Label value="human" alias="person"/></Labels>
<Text name="said" value="$text"/></View>"""


def test_with_a_config_of_one_s_own_its_labels_control_takes_the_spans(tmp_path: Path) -> None:
    (tmp_path / "config.xml").write_text(CONFIG.replace(" alias", " predicted_values"))
    asked, config = wanted(tmp_path, Options(config=str(tmp_path / "config.xml")))
    assert asked.spans is False  # its first control asks for classes
    source = read_source(write(tmp_path, [{**ROW, "label": "a"}]), tmp_path, asked, config)
    assert source.kind == "text"
    only = CONFIG[: CONFIG.index("<Choices")] + CONFIG[CONFIG.index("<Labels") :]
    (tmp_path / "config.xml").write_text(only.replace(" alias", " predicted_values"))
    source = read_source(
        write(tmp_path, [ROW]), tmp_path, *wanted(tmp_path, Options(config=str(tmp_path / "config.xml")))
    )
    assert source.kind == "spans"
    assert [span.label for span in source.rows[0].target.items] == ["human", "place"]
    assert labels_control(source)[0].name == "who"


def test_a_person_s_annotation_is_read_back_as_it_was(tmp_path: Path) -> None:
    source = read(tmp_path, ROW)
    control, kind = labels_control(source)
    row = source.rows[0]
    result = drawn(kind, control, row.target, row.data)
    assert all("score" not in one for one in result)
    assert kind.target(control, result, Example(0, row.data["text"])) == row.target
    found = taking(read_config(source.config).controls, "Rectangle")
    assert found is None


def toy_rows(count: int = 40) -> list[dict[str, Any]]:
    rows = []
    for n in range(count):
        who, where = ("Ann", "Bob", "Cleo", "Dan")[n % 4], ("Rome", "Oslo", "Bonn")[n % 3]
        text = f"{'😀 ' * (n % 2)}yesterday {who} went to {where} by train number {n}"
        at = [(who, "person"), (where, "place")]
        found = [{"start": text.index(w), "end": text.index(w) + len(w), "label": label} for w, label in at]
        rows.append({"text": text, "entities": found} if n % 5 else {"text": f"it rained on day {n}", "entities": []})
    return rows


def test_rehearsal_replays_spans(tmp_path: Path) -> None:
    path = Path(write(tmp_path, toy_rows()))
    shown = rehearse(path, strategies=("auto", "random"), start=6, batch=6, budget=12, seeds=1, keep=tmp_path / "runs")
    assert shown.summary[0]["measure"] == "entity F1"
    assert all(one["metric"] > 0.6 for one in shown.summary)
    assert "entity F1" in shown.summary[0]["measured_on"]
    from_rows = read_labelled(toy_rows(), "text", "entities")
    assert (from_rows.family, from_rows.control.tag, len(from_rows.examples)) == ("crf_tokens", "Labels", 40)


@pytest.mark.data
def test_wnut17_is_read_as_it_is(shared_data: Path) -> None:
    given = read_labelled(shared_data / "wnut17" / "tasks.jsonl", "text", "label")
    pool, test = given.pool_and_test(0)
    assert (len(pool), len(test)) == (4403, 1287)
    assert given.control.labels == ("corporation", "creative-work", "group", "location", "person", "product")
    assert sum(len(one.target.items) for one in test) == 1079
