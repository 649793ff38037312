"""New projects on the real Label Studio: what is in them, what is refused, and what a kill leaves."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import psutil
import pytest
from filelock import FileLock
from PIL import Image
from projects import WORDS, write_texts

from lsal import annotator, cli
from lsal.errors import BadConfig, BadData, BadRequest, Busy, LabelStudioError
from lsal.files import read_json
from lsal.label_studio.project import Project
from lsal.label_studio.server import Server
from lsal.workbench import Workbench, making
from lsal.workbench.wanting import Options, wanted

Client = Callable[..., httpx.Response]

TWO = (
    '<View><Header value="$title"/><Text name="body" value="$body"/><Choices name="topic" toName="body">'
    '<Choice value="animal"/><Choice value="machine" predicted_values="device"/></Choices></View>'
)


@pytest.fixture
def bench(label_studio: Server, root: Path) -> Workbench:
    """Any workbench of the session's root."""
    return Workbench(root)


def titles(client: Client) -> dict[int, str]:
    """Every project of the server."""
    found, page, more = dict[int, str](), 0, True
    while more:  # a hundred at once are the most
        page += 1
        told = client("GET", "/api/projects/", params={"page": page, "page_size": 100}).json()
        found |= {one["id"]: one["title"] for one in told["results"]}
        more = bool(told["next"])
    return found


def tasks_of(bench: Workbench, client: Client) -> list[dict[str, Any]]:
    """All tasks of the project as Label Studio itself exports them, by id."""
    where = f"/api/projects/{bench.home.project}/export"
    tasks = client("GET", where, params={"exportType": "JSON", "download_all_tasks": "true"}).json()
    return sorted(tasks, key=lambda task: task["id"])


def choices(task: dict[str, Any]) -> list[list[str]]:
    return [[*region["value"]["choices"]] for one in task["annotations"] for region in one["result"]]


def texts(count: int) -> pd.DataFrame:
    words = [(list(WORDS)[n % 2], WORDS[list(WORDS)[n % 2]][n % 6]) for n in range(count)]
    return pd.DataFrame({"number": range(count), "text": [f"{w} {n}" for n, (_, w) in enumerate(words)]}).assign(
        label=[label for label, _ in words]
    )


# What is in them ------------------------------------------------------------------


def test_labels_become_annotations_if_wanted_and_are_no_ground_truth(
    bench: Workbench, client: Client, tmp_path: Path
) -> None:
    frame = texts(12)
    frame.loc[3, "label"] = None
    bench.new(frame, title="With labels", with_labels=True).sync()
    tasks = tasks_of(bench, client)
    assert [task["data"] for task in tasks] == [{"number": n, "text": frame.text[n]} for n in range(12)]
    assert [choices(task) for task in tasks] == [[[frame.label[n]]] if n != 3 else [] for n in range(12)]
    assert not any(one["ground_truth"] for task in tasks for one in task["annotations"])
    status = bench.status()
    assert (status.title, status.tasks, status.labelled, status.warnings) == ("With labels", 12, 11, ())
    assert titles(client)[bench.home.project] == "With labels"
    bench.new(frame, with_labels=True, ground_truth=True)
    assert all(one["ground_truth"] for task in tasks_of(bench, client) for one in task["annotations"])


def test_labels_only_name_the_classes_unless_asked(bench: Workbench, client: Client, tmp_path: Path) -> None:
    bench.new(str(write_texts(tmp_path / "t.csv", 6))).sync()
    tasks = tasks_of(bench, client)
    assert [list(task["data"]) for task in tasks] == [["text"]] * 6, "people who label must not see the label"
    assert not any(task["annotations"] for task in tasks)
    assert "6 items came with labels" in bench.status().warnings[0]
    assert "--with-labels" in bench.status().warnings[0]


def test_several_labels_become_one_annotation(bench: Workbench, client: Client, tmp_path: Path) -> None:
    rows = [{"text": "a", "label": ["y", "x"]}, {"text": "b", "label": []}, {"text": "c"}]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    bench.new(str(tmp_path / "t.jsonl"), several=True, with_labels=True, title="Several").sync()
    assert [choices(task) for task in tasks_of(bench, client)] == [[["x", "y"]], [], []]
    assert [len(task["annotations"]) for task in tasks_of(bench, client)] == [1, 1, 0]
    ((control, kind),) = bench.desk.handled.values()
    told = {
        task.data["text"]: kind.target(control, task.annotations[0].result) for task in bench.desk.mirror.labelled()
    }
    assert {text: target.names for text, target in told.items() if target} == {"a": ("x", "y"), "b": ()}


def test_a_config_of_ones_own_and_what_the_model_reads(bench: Workbench, client: Client, tmp_path: Path) -> None:
    (tmp_path / "config.xml").write_text(TWO)
    frame = texts(8).rename(columns={"text": "body"}).assign(title="T", body_2="x").replace("machine", "device")
    more: dict[str, Any] = {"config": str(tmp_path / "config.xml"), "with_labels": True}
    bench.new(frame, title="Own config", **more).sync()
    assert bench.desk.config.xml == TWO
    tasks = tasks_of(bench, client)
    assert tasks[1]["data"] == {"number": 1, "body": frame.body[1], "title": "T", "body_2": "x"}
    assert choices(tasks[1]) == [["machine"]]
    read = {e.input for e in bench.desk.examples("topic", bench.desk.mirror.tasks())}
    bench.new(frame[["body", "title", "label"]], title="Fewer columns", **more).sync()
    assert {e.input for e in bench.desk.examples("topic", bench.desk.mirror.tasks())} == read == set(frame.body)


def test_a_folder_of_images_with_any_name_is_served(bench: Workbench, client: Client, tmp_path: Path) -> None:
    names = ["plain.png", "a b.png", "50% + more & #1.png", "ünï?.png"]
    for place, name in enumerate(names):
        path = tmp_path / "zoo" / ("cat" if place % 2 else "dog") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4 + place, 4), 7).save(path)
    bench.new(str(tmp_path / "zoo"), with_labels=True).sync()
    tasks = tasks_of(bench, client)
    assert len(tasks) == 4
    sizes = set()
    for task in tasks:
        answer = client("GET", task["data"]["image"])
        assert answer.status_code == 200, task["data"]
        assert "cat" not in task["data"]["image"]
        (tmp_path / "got").write_bytes(answer.content)
        with Image.open(tmp_path / "got") as image:
            sizes.add((image.size[0], choices(task)[0][0]))
    assert sizes == {(4, "dog"), (5, "cat"), (6, "dog"), (7, "cat")}
    assert not [e.problem for e in bench.desk.examples("label", bench.desk.mirror.tasks()) if e.problem]


def test_the_shell_makes_one_and_says_what_it_left_out(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("LSAL_ROOT", str(bench.root))
    path = write_texts(tmp_path / "t.csv", 6)
    path.write_text(path.read_text() + "one, too many, cells\n")
    assert cli.main(["new", str(path), "--with-labels"]) == 1
    assert "Row 7 of" in capsys.readouterr().err
    assert cli.main(["new", str(path), "--with-labels", "--skip-bad", "--title", "From the shell", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["title"], told["tasks"], told["labelled"]) == ("From the shell", 6, 6)
    assert "1 row was left out of the project; the first: Row 7 of" in told["warnings"][0]


def test_demos_go_on_as_before(bench: Workbench, tmp_path: Path) -> None:
    bench.new(str(write_texts(tmp_path / "t.csv", 20)), demo=True, hold_out=0.25).sync()
    kept = read_json(bench.home.path("demo.json"))
    true = {task.id: task.data["text"] for task in bench.desk.mirror.tasks()}
    assert (len(kept["truth"]), len(kept["held_out"]), len(true)) == (15, 5, 15)
    for number, target in annotator.truth(bench.home).items():
        assert set(true[number].split()) & set(WORDS[target.names[0]])
    assert all(set(e.input.split()) & set(WORDS[e.target.names[0]]) for e in annotator.held_out(bench.home))
    assert kept["control"] == "label"


# What is refused ------------------------------------------------------------------


def refusals(folder: Path) -> Iterator[tuple[Any, dict[str, Any], type[Exception], str]]:
    good, bad = str(write_texts(folder / "good.csv", 6)), folder / "bad.csv"
    bad.write_text("text,label\na,x\nb,y,z\n")
    (folder / "no.xml").write_text("<View")
    (folder / "rating.xml").write_text('<View><Text name="t" value="$text"/><Rating name="r" toName="t"/></View>')
    (folder / "other.xml").write_text(TWO)
    yield str(bad), {}, BadData, "Row 2 of"
    yield good, {"title": "ab"}, BadRequest, "has 2 letters"
    yield good, {"demo": True, "with_labels": True}, BadRequest, "A demo keeps"
    yield good, {"labels": ["plant", "animal"]}, BadData, "has the label 'machine'"
    yield texts(4).drop(columns="label"), {"labels": ["x", "y"], "with_labels": True}, BadRequest, "carry no labels"
    yield good, {"config": str(folder / "absent.xml")}, BadRequest, "label config cannot be read"
    yield good, {"config": str(folder / "no.xml")}, BadConfig, "not XML"
    yield good, {"config": str(folder / "other.xml")}, BadData, "no column 'body'"
    yield good, {"config": str(folder / "rating.xml"), "with_labels": True}, BadConfig, "no control that takes classes"
    yield good, {"nonsense": True}, TypeError, "nonsense"


def test_nothing_is_made_of_what_is_refused(bench: Workbench, client: Client, tmp_path: Path) -> None:
    before, homes = titles(client), sorted((bench.root / "projects").glob("*"))
    for source, options, error, what in refusals(tmp_path):
        with pytest.raises(error, match=what):
            bench.new(source, **options)
    assert titles(client) == before
    assert sorted((bench.root / "projects").glob("*")) == homes
    assert making.unfinished(bench.root) == []


def test_an_address_leads_to_no_file_outside(isolated_root: Path, tmp_path: Path) -> None:
    (isolated_root / "label-studio").mkdir(parents=True)
    (isolated_root / "keys.json").write_text("{}")
    find = wanted(isolated_root, Options(files=str(tmp_path)))[0].find
    (tmp_path / "12345678-cat.png").write_text("a")
    (tmp_path / "dog.png").write_text("b")
    assert find("/data/upload/3/12345678-cat.png") == tmp_path / "12345678-cat.png"
    assert find("/data/upload/3/87654321-dog.png") == tmp_path / "dog.png"
    assert find("/data/local-files/?d=zoo/dog.png") == tmp_path / "dog.png"
    for address in ("/data/local-files/?d=../keys.json", "/data/upload/../../../../keys.json", "/data/upload/3/no.png"):
        assert find(address) is None


# What a kill leaves ---------------------------------------------------------------

CHILD = """
import os, signal, sys
from lsal.label_studio.project import Project
from lsal.workbench import Workbench, making, starting
making.AT_ONCE = 10
place, after = sys.argv[1].split(), {after}
owner = {owners}[place[0]]
real, calls = getattr(owner, place[1]), []

def counted(*more, **named):
    calls.append(1)
    dying = len(calls) == int(place[2])
    if dying and not after:
        os.kill(os.getpid(), signal.SIGKILL)
    answer = real(*more, **named)
    if dying:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

setattr(owner, place[1], counted)
Workbench({root!r}).new({source!r}, with_labels=True, title={title!r})
"""
OWNERS = "{'project': Project, 'making': making, 'starting': starting}"
PLACES = [
    ("project create 1", True),
    ("project import_tasks 3", False),
    ("project import_tasks 4", True),
    ("making create_home 1", True),
    ("making finish 1", False),
    ("project change 1", True),
]


@pytest.mark.parametrize(("place", "after"), PLACES, ids=lambda value: str(value))
def test_a_killed_one_is_gone_on_with(
    bench: Workbench,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    place: str,
    after: bool,
) -> None:
    before, title = titles(client), f"Killed {'after' if after else 'before'} {place}"
    source = str(write_texts(tmp_path / "t.csv", 35))
    code = CHILD.format(root=str(bench.root), source=source, title=title, after=after, owners=OWNERS)
    done = subprocess.run([sys.executable, "-c", code, place], capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    begun = [name for number, name in titles(client).items() if number not in before]
    assert begun == [title if place == "project change 1" else f"{title} (unfinished)"]
    assert [note["title"] for note in making.unfinished(bench.root)] == [title]
    monkeypatch.setattr(making, "ON_ITS_WAY_S", 1.0)
    bench.new(source, with_labels=True, title=title).sync()
    assert [name for number, name in titles(client).items() if number not in before] == [title]
    tasks = tasks_of(bench, client)
    lines = [line.rpartition(",") for line in Path(source).read_text().splitlines()[1:]]
    assert [(task["data"]["text"], choices(task)) for task in tasks] == [(text, [[label]]) for text, _, label in lines]
    assert bench.status().warnings == ()
    assert list((bench.root / "making").iterdir()) == []


SENDER = """
from pathlib import Path
from lsal.label_studio.connection import Connection
from lsal.workbench import Workbench

real = Connection.post

def post(self, path, *more, **named):
    if path.endswith("/import"):
        Path({sends!r}).touch()
    return real(self, path, *more, **named)

Connection.post = post
Workbench({root!r}).new({source!r}, with_labels=True)
"""


def test_tasks_that_were_on_their_way_do_not_come_twice(
    bench: Workbench, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The sender is killed while Label Studio stores what it was sent; the next call waits for that."""
    before, source = titles(client), str(write_texts(tmp_path / "t.csv", 900))
    sends = tmp_path / "sends"
    code = SENDER.format(sends=str(sends), root=str(bench.root), source=source)
    child = subprocess.Popen([sys.executable, "-c", code])
    try:
        until = time.monotonic() + 240
        while not (sends.exists() and connected(child.pid)):
            assert time.monotonic() < until
            assert child.poll() is None
        time.sleep(0.1)  # until all of it is on its way
    finally:
        child.kill()
        child.wait()
    monkeypatch.setattr(making, "ON_ITS_WAY_S", 60.0)  # as long as a busy machine takes
    bench.new(source, with_labels=True)
    assert len(titles(client)) == len(before) + 1
    assert len({task["data"]["text"] for task in tasks_of(bench, client)}) == 900 == len(tasks_of(bench, client))


def connected(process: int) -> bool:
    """Whether the process has a connection open: it sends, or waits for the answer."""
    return any(one.status == psutil.CONN_ESTABLISHED for one in psutil.Process(process).net_connections("tcp"))


def test_what_is_being_made_is_not_made_twice_at_once(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source, keys = str(write_texts(tmp_path / "t.csv", 6)), []

    def spied(root: Path, connection: Any, plan: making.Plan) -> Any:
        keys.append(plan.key)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(making, "_begin", spied)
        with pytest.raises(KeyboardInterrupt):
            bench.new(source)
    with FileLock(bench.root / "making" / f"{keys[0]}.lock"), pytest.raises(Busy, match="is being made right now"):
        bench.new(source)
    bench.new(source)
    bench.new(source)  # once it is whole, the same again is another one


def test_a_project_that_somebody_else_filled_is_not_taken_for_whole(
    bench: Workbench, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Tasks that came from elsewhere while it was made are not counted as its own."""
    real = Project.import_tasks

    def doubled(self: Project, tasks: Any) -> list[int]:
        real(self, tasks[:1])
        return real(self, tasks)

    source = str(write_texts(tmp_path / "t.csv", 6))
    with monkeypatch.context() as patched:
        patched.setattr(Project, "import_tasks", doubled)
        with pytest.raises(LabelStudioError, match="has 7 tasks, 6 were to be there"):
            bench.new(source, title="Filled by two")
    (note,) = making.unfinished(bench.root)
    assert note["title"] == "Filled by two"
    (number,) = (number for number, title in titles(client).items() if title == "Filled by two (unfinished)")
    client("DELETE", f"/api/projects/{number}")  # as the error says
    bench.new(source, title="Filled by two").sync()
    assert bench.status().tasks == 6
