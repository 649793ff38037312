"""Annotations damaged in every field: each is a target or a BadData that says what to do, and no other task suffers."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from damage import damaged
from test_exports import answers, config_for

from lsal import snapshots, training
from lsal.errors import BadData
from lsal.files import to_json
from lsal.home import create_home
from lsal.kinds import KINDS, match
from lsal.kinds.reading import read_target, read_without_files
from lsal.kinds.writing import drawn
from lsal.label_studio import tally
from lsal.label_studio.config import read_config
from lsal.label_studio.mirror import Mirror
from lsal.label_studio.server import Server
from lsal.protocols import Kind
from lsal.records import Control, Example
from lsal.targets import from_plain, to_plain
from lsal.workbench import Workbench
from lsal.workbench.annotation_rows import annotated_tasks, annotation_rows
from lsal.worker.learning import write_snapshots

Result = list[dict[str, Any]]
STAMP = "2026-01-01T00:00:00.000000Z"


def outcome(kind: Kind, control: Control, result: Any, example: Example | None) -> str:
    """What came of one: `read` or `refused`; whatever else it may be fails."""
    try:
        target = read_target(kind, control, result, example)
    except BadData as error:
        said = error
    else:
        assert from_plain(json.loads(to_json(to_plain(target)))) == target, "a snapshot keeps it"
        assert Counter([target])[target] == 1, "people's answers are compared"
        return "read"
    assert said.what
    assert said.fix
    assert len(str(said)) < 1_000
    return "refused"


def samples() -> Iterator[tuple[str, Kind, Control, Result, Example | None]]:
    """An answer of each sample of each kind, and the text that it is about."""
    for name, cls in KINDS.loaded():
        kind = cls()
        for number, sample in enumerate(kind.samples()):
            (control,) = [each for each in read_config(sample.config).controls if kind.refusal(each) is None]
            result = drawn(kind, control, sample.targets[-1], sample.data)
            example = read_without_files(kind, control, 1, sample.data)
            yield f"{name} {number} {control.tag}", kind, control, result, None if example.problem else example


@pytest.mark.parametrize("case", list(samples()), ids=lambda case: case[0])
def test_every_kind_reads_or_refuses_every_damage(case: Any) -> None:
    name, kind, control, result, example = case
    met = Counter(outcome(kind, control, wrong, example) for _, wrong in damaged(result))
    assert met["read"] > 10, name
    assert met["refused"] > 30, name


@pytest.mark.parametrize("case", list(samples()), ids=lambda case: case[0])
def test_every_kind_reads_or_names_a_task_with_any_data(case: Any) -> None:
    _, kind, control, _, _ = case
    number = int(case[0].split()[1])
    for what, data in damaged(dict(kind.samples()[number].data)):
        if isinstance(data, dict):  # the mirror holds nothing else
            example = read_without_files(kind, control, 7, data)
            assert (example.input is None) == bool(example.problem), what
            assert example.problem is None or example.problem.startswith("task 7: field "), what


@pytest.mark.data
def test_every_type_of_result_in_real_exports(shared_data: Path) -> None:
    met, types = Counter[str](), set[str]()
    exports = shared_data / "ls_exports"
    for path in sorted((*exports.rglob("*.json"), *exports.rglob("*.json.gz"))):
        found = list(answers(path))
        xml = config_for(path, found)
        handled = match(read_config(xml).controls)[0] if xml else {}
        for control, kind in handled.values():
            for result in first_of_each(found, control.name):
                types |= {str(region.get("type")) for region in result}
                met.update(outcome(kind, control, wrong, None) for _, wrong in damaged(shortened(result)))
    assert types >= {"choices", "labels", "rectanglelabels", "polygonlabels"}
    assert met["read"] > 2_000
    assert met["refused"] > 2_000


def first_of_each(found: list[Result], control: str) -> Iterator[Result]:
    """The first answer of each mixture of types about a control."""
    seen = set()
    for result in found:
        types = frozenset(str(region.get("type")) for region in result)
        if types not in seen and any(region.get("from_name") == control for region in result):
            seen.add(types)
            yield result[:3]


def shortened(result: Result) -> Result:
    """A brush stroke of a few numbers: damage to its thousands is the same damage."""
    return [
        region | {"value": {k: v[:50] if isinstance(v, list) else v for k, v in region["value"].items()}}
        for region in result
    ]


# A project in which one task after the other is damaged ---------------------------------

XML = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text"><Choice value="a"/>'
    '<Choice value="b"/></Choices><Labels name="mark" toName="text"><Label value="X"/></Labels></View>'
)
CHOICE = {"id": "c", "from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["a"]}}
MARK = {"id": "m", "from_name": "mark", "to_name": "text", "type": "labels"}
MARK |= {"value": {"start": 0, "end": 4, "text": "some", "labels": ["X"]}}


def answered(task: int, result: Any) -> dict[str, Any]:
    annotation = {"id": task, "completed_by": 1, "was_cancelled": False, "updated_at": STAMP, "result": result}
    data = {"text": f"some {'good' if task % 2 else 'bad'} words {task}"}
    return {"id": task, "data": data, "created_at": STAMP, "updated_at": STAMP, "annotations": [annotation]}


def good(task: int) -> Result:
    return [CHOICE | {"value": {"choices": ["a" if task % 2 else "b"]}}, MARK]


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """Twenty tasks that are fine, and one for each damage."""
    home = create_home(tmp_path / "root", "http://127.0.0.1:1", 7, STAMP, "damaged", own_server=True)
    mirror = Mirror(home.path("mirror.sqlite"), home.order_key)
    wrong = [result for _, result in damaged([CHOICE, MARK])]
    mirror.keep([*(answered(n, good(n)) for n in range(1, 21)), *(answered(n, r) for n, r in enumerate(wrong, 100))])
    mirror.remember(label_config=XML, watermark=STAMP)
    return Workbench.of(home)


def test_the_other_tasks_are_read_counted_and_learned(bench: Workbench) -> None:
    desk = bench.desk
    for name in ("label", "mark"):
        read = list(desk.labelled(name, desk.mirror.labelled()))
        wrong = [one for one in read if one.problem]
        assert {one.task_id for one in read if one.task_id <= 20 and one.counts} == set(range(1, 21))
        assert len(wrong) > 50
        for one in wrong:
            assert f"task {one.task_id}:" in str(one.problem)
    assert any("label" in str(one.problem) for one in desk.labelled("label", desk.mirror.labelled()))
    assert tally.by_label(desk.mirror)["label"]["b"] == 10
    tally.agreement(desk.mirror, "label")
    write_snapshots(desk, bench.home.path("snapshot"), lambda progress: None)
    trained = training.train(snapshots.read_snapshot(bench.home.path("snapshot", "label")), lambda progress: None)
    assert trained.examples["count"] >= 15
    assert len(trained.examples["skipped"]) > 30
    assert all(f"task {task}:" in why for task, why in trained.examples["skipped"].items())


# Through a real Label Studio ------------------------------------------------------------


def is_told(result: Any) -> bool:
    """Whether Label Studio can tell it again: it keeps NaN and halves of letters, and then answers no request."""
    try:
        return bool(json.dumps(result, allow_nan=False, ensure_ascii=False).encode())
    except ValueError:
        return False


def test_what_label_studio_takes_of_it_stops_nothing(
    label_studio: Server, root: Path, client: Callable[..., httpx.Response]
) -> None:
    """Each damage is imported by itself, as scripts do that write annotations; most are taken."""
    number = client("POST", "/api/projects/", json={"title": "damaged", "label_config": XML}).json()["id"]
    rows = [{"data": answered(n, [])["data"], "annotations": [{"result": good(n)}]} for n in range(1, 21)]
    assert client("POST", f"/api/projects/{number}/import", json=rows).status_code == 201
    taken = 0
    told = (result for _, result in damaged([CHOICE, MARK]) if is_told(result))
    for place, result in enumerate(islice(told, 0, None, 7)):
        row = json.dumps([{"data": {"text": f"some odd words {place}"}, "annotations": [{"result": result}]}])
        path, json_type = f"/api/projects/{number}/import", {"Content-Type": "application/json"}
        taken += client("POST", path, content=row.encode(), headers=json_type).status_code == 201
    assert taken > 20
    bench = Workbench(root).attach(label_studio.url, number, label_studio.key)
    bench.configure(worker_nice=0)
    bench.sync()
    assert bench.desk.mirror.count() >= 20 + taken
    job = bench.train()
    assert "label" in job.wait(240)["versions"]
    assert len(list(annotation_rows(bench.desk, annotated_tasks(bench.desk)))) >= 20
    bench.status()
