"""What goes wrong between lsal and Label Studio: each kind of fault in a round, and what of it a person is told."""

import email.utils
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from faults.wire import KINDS, WAIT_S, Wire, WireFault, drawn, says
from faults.wire_scene import WireScene
from faults.wire_trial import tried
from proxies import serving
from served import attached

from lsal import jobs
from lsal.backend.app import create_app
from lsal.errors import Cancelled, LabelStudioError, Refused, Unreachable
from lsal.label_studio import answers, backend_rows
from lsal.label_studio.connection import Connection
from lsal.label_studio.patience import Patience, retry_after
from lsal.label_studio.project import Project
from lsal.label_studio.server import Server
from lsal.settings import root_secret
from lsal.workbench import Workbench
from lsal.worker.steps import Steps

Client = Callable[..., httpx.Response]
TEXT = '<View><Text name="text" value="$text"/><Choices name="label" toName="text"><Choice value="a"/></Choices></View>'


# A whole round ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def scene(label_studio: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireScene]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSAL_POLL_S", "3600")  # the backend's own looks would take the faults
        scene = WireScene(tmp_path_factory.mktemp("wire"), label_studio)
        yield scene
        scene.end()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_on_the_wire_harms_nothing(scene: WireScene, kind: str) -> None:
    """At one request of a round, a drawn one, or at two in a row; `python -m faults.wire_run` has the others."""
    draw = random.Random(f"round {kind}")
    if scene.scarce:
        scene.begin()
    trial = tried(scene, WireFault(1, 0, kind, draw.random() < 0.6, draw.random(), draw.choice((1, 2)), 1))
    assert trial.struck.startswith("at ")
    assert not {name: said for name, said in trial.wrong.items() if said}, trial


def test_every_kind_is_drawn_and_the_same_each_time() -> None:
    faults = [drawn(3, number) for number in range(2 * len(KINDS))]
    assert {fault.kind for fault in faults[: len(KINDS)]} == set(KINDS)
    assert faults == [drawn(3, number) for number in range(2 * len(KINDS))]
    assert faults != [drawn(4, number) for number in range(2 * len(KINDS))]


# One request ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wire(label_studio: Server) -> Iterator[Wire]:
    wire = Wire(label_studio.url)
    with serving(wire):
        yield wire


@pytest.fixture(scope="module")
def theirs(client: Client) -> int:
    """A project of three texts."""
    number = int(client("POST", "/api/projects/", json={"title": "wire", "label_config": TEXT}).json()["id"])
    client("POST", f"/api/projects/{number}/import", json=[{"text": word} for word in ("one", "two", "three")])
    return number


class Clock:
    """What was waited for, without waiting."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.said: list[str] = []

    def pause(self, seconds: float, why: str) -> None:
        self.waits.append(seconds)
        self.said.append(why)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def project(wire: Wire, server: Server, number: int, clock: Clock) -> Project:
    connection = Connection(wire.url, server.key)
    connection.patience.of_a_job(clock.pause)
    return Project(connection, number)


LOST_READS = ["dropped before the server", "answer lost", "truncated", "cut short", "empty"]


@pytest.mark.parametrize("kind", [*LOST_READS, "429", "502", "503, Retry-After"])
def test_what_reads_is_asked_again_and_not_for_ever(
    wire: Wire, label_studio: Server, theirs: int, clock: Clock, kind: str
) -> None:
    there = project(wire, label_studio, theirs, clock)
    with wire.ordered(KINDS[kind], times=2) as order:
        assert there.read("id")["id"] == theirs
    assert order.counted == 3
    with wire.ordered(KINDS[kind], times=1000) as order, pytest.raises(LabelStudioError) as told:
        there.read("id")
    assert order.counted == Patience.tries + 2 == 5
    assert told.value.fix


def test_the_waits_double_with_chance_in_them(wire: Wire, label_studio: Server, theirs: int, clock: Clock) -> None:
    there = project(wire, label_studio, theirs, clock)
    with wire.ordered(KINDS["502"], times=1000), pytest.raises(LabelStudioError):
        there.read("id")
    assert [0.5 <= wait / (0.5 * 2**place) <= 1.0 for place, wait in enumerate(clock.waits)] == [True] * 4
    assert len({wait / 2**place for place, wait in enumerate(clock.waits)}) == 4
    assert "502" in clock.said[0]


@pytest.mark.parametrize("kind", ["429, Retry-After seconds", "429, Retry-After date", "503, Retry-After"])
def test_a_server_that_asks_for_time_is_given_it(
    wire: Wire, label_studio: Server, theirs: int, clock: Clock, kind: str
) -> None:
    with wire.ordered(KINDS[kind], times=1):
        project(wire, label_studio, theirs, clock).read("id")
    assert clock.waits == [pytest.approx(WAIT_S, abs=1.0)]  # a date has whole seconds
    assert "wait" in clock.said[0]


@pytest.mark.parametrize("said", ["7200", "date"])
def test_a_server_that_asks_for_hours_is_told_of_at_once(clock: Clock, said: str) -> None:
    after = email.utils.formatdate(time.time() + 7200, usegmt=True) if said == "date" else said
    answer = httpx.Response(503, headers={"Retry-After": after}, text="maintenance")
    asked: list[int] = []

    def ask() -> None:
        asked.append(1)
        answers.read("http://there", "GET /api/projects/1", answer)

    with pytest.raises(LabelStudioError, match=r"asks to wait 7,(200|199) seconds"):
        Patience(pause=clock.pause, longest_s=60, whole_s=1e6).insist(ask, safe=True)
    assert (len(asked), clock.waits) == (1, [])


@pytest.mark.parametrize("said", ["soon", "-5", "1e9", "Wed, 99 Foo", "\N{SUPERSCRIPT TWO}"])
def test_a_retry_after_that_is_none_counts_as_none(said: str) -> None:
    assert retry_after({"Retry-After": said}, 0.0) is None


def test_a_retry_after_in_the_past_is_now() -> None:
    assert retry_after({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, time.time()) == 0.0


@pytest.mark.parametrize("kind", ["401", "403", "404", "409", "HTML"])
def test_what_will_not_pass_is_told_at_once(
    wire: Wire, label_studio: Server, theirs: int, clock: Clock, kind: str
) -> None:
    """A key that is refused, a project that is gone, the page of a proxy: asked again it is the same."""
    words = {"401": "key", "403": "key", "404": "gone", "409": "lsal sync", "HTML": "the address of Label Studio"}
    with wire.ordered(KINDS[kind], times=1000) as order, pytest.raises(LabelStudioError) as told:
        project(wire, label_studio, theirs, clock).read("id")
    assert (order.counted, clock.waits) == (1, [])
    assert words[kind] in told.value.fix
    assert isinstance(told.value, Refused) == (kind in ("401", "403"))


def test_a_person_is_told_at_once_that_no_server_is_there_and_a_job_waits(label_studio: Server, clock: Clock) -> None:
    connection = Connection("http://127.0.0.1:1", label_studio.key)
    connection.patience.pause = clock.pause
    with pytest.raises(Unreachable, match="cannot be reached"):
        connection.get("/api/version")
    assert clock.waits == []
    connection.patience.of_a_job(clock.pause)
    with pytest.raises(Unreachable, match="cannot be reached"):
        connection.get("/api/version")
    assert len(clock.waits) == 4


def test_an_answer_that_never_ends_is_given_up(wire: Wire, label_studio: Server, theirs: int, clock: Clock) -> None:
    """Each drop comes in time; all of them do not."""
    connection = Connection(wire.url, label_studio.key, timeout_s=0.3, patience=Patience(tries=1))
    with wire.ordered(KINDS["drop by drop"], times=1), pytest.raises(Unreachable, match="in time"):
        connection.get(f"/api/projects/{theirs}")
    with wire.ordered(KINDS["delayed"], times=1), pytest.raises(Unreachable, match="in time"):
        connection.get(f"/api/projects/{theirs}")


def test_a_job_says_what_it_waits_for_and_can_be_cancelled(
    isolated_root: Path, wire: Wire, label_studio: Server
) -> None:
    job = jobs.Job(isolated_root / "job")
    job.folder.mkdir(parents=True)
    connection = Connection(wire.url, label_studio.key)
    Steps(job, 1, connection.patience)
    threading.Thread(target=_cancel_when, args=(job, "503")).start()
    begun = time.monotonic()
    with wire.ordered(_asks_for_a_minute, times=1000), pytest.raises(Cancelled):
        connection.get("/api/projects/1")
    assert time.monotonic() - begun < 30
    assert "503" in job.state().progress.message


def _cancel_when(job: jobs.Job, word: str) -> None:
    until = time.monotonic() + 25
    while word not in job.state().progress.message and time.monotonic() < until:
        time.sleep(0.05)
    (job.folder / "cancel").touch()


def _asks_for_a_minute(line: Any) -> None:
    line.say(503, b"{}", {"Retry-After": "50"})


# Nothing is written twice -------------------------------------------------------------

LOST = ["answer lost", "truncated", "cut short", "empty", "500 after it was done", "502 after it was done"]


@pytest.mark.parametrize("kind", LOST)
def test_a_write_whose_answer_is_lost_is_looked_up_and_not_sent_again(
    wire: Wire, label_studio: Server, client: Client, clock: Clock, kind: str
) -> None:
    number = int(client("POST", "/api/projects/", json={"title": "lost", "label_config": TEXT}).json()["id"])
    there = project(wire, label_studio, number, clock)
    name = f"batch {kind}"
    with wire.ordered(KINDS[kind], writes=True, times=1) as order:
        ids = there.add_tasks([{"text": "one"}, {"text": "two"}])
    assert order.counted == 1
    assert ids == [row["id"] for rows in there.tasks([], "id") for row in rows]
    rows = [{"task": task, "model_version": name, "score": 0.5, "result": []} for task in ids]
    with wire.ordered(KINDS[kind], writes=True, times=1) as order:
        assert there.add_predictions(rows) == 2
    assert order.counted == 1
    with wire.ordered(KINDS[kind], writes=True, times=1) as order:
        there.add_prediction({**rows[0], "model_version": "single"})
    assert order.counted == 1
    held = [(one["task"], one["model_version"]) for one in there.connection.rows("/api/predictions/", project=number)]
    assert sorted(held) == sorted([(task, name) for task in ids] + [(ids[0], "single")])


@pytest.mark.parametrize("kind", ["dropped before the server", "502"])
def test_a_write_of_which_nothing_is_known_is_not_sent_again(
    wire: Wire, label_studio: Server, theirs: int, clock: Clock, kind: str
) -> None:
    there = project(wire, label_studio, theirs, clock)
    before = there.count([])
    with wire.ordered(KINDS[kind], writes=True, times=1) as order, pytest.raises(LabelStudioError):
        there.add_tasks([{"text": "one"}])
    assert (order.counted, there.count([])) == (1, before)
    assert any("not known" in why for why in clock.said)


@pytest.mark.parametrize("kind", ["429", "503, Retry-After"])
def test_a_write_that_surely_did_not_arrive_is_sent_again(
    wire: Wire, label_studio: Server, theirs: int, clock: Clock, kind: str
) -> None:
    there = project(wire, label_studio, theirs, clock)
    before = there.count([])
    with wire.ordered(KINDS[kind], writes=True, times=1) as order:
        assert len(there.add_tasks([{"text": "one"}])) == 1
    assert (order.counted, there.count([])) == (2, before + 1)


@pytest.mark.parametrize("kind", [*LOST, "sent twice", "dropped before the server"])
def test_an_answer_of_the_simulated_annotator_is_there_once(
    wire: Wire, label_studio: Server, theirs: int, clock: Clock, kind: str
) -> None:
    there = project(wire, label_studio, theirs, clock)
    task = there.add_tasks([{"text": "to be answered"}])[0]
    with wire.ordered(KINDS[kind], writes=True, times=1):
        made = there.submit(task, [], 1.25)
    assert [one["id"] for one in there.connection.rows(f"/api/tasks/{task}/annotations/")] == [made]


# Label Studio to the backend ------------------------------------------------------------


def test_events_that_come_twice_late_or_cut_make_one_round(
    label_studio: Server, client: Client, tmp_path: Path
) -> None:
    bench = attached(tmp_path / "root", client, label_studio)
    bench.configure(worker_nice=0)
    hints: list[str] = []
    asked = create_app(bench.root, hints.append).test_client()
    address = f"/{root_secret(bench.root)}/{bench.home.slug}"
    train, event = b'{"action": "START_TRAINING", "project": {}}', b'{"action": "ANNOTATION_CREATED", "project": {}}'
    for path, body in (("webhook", train), ("webhook", event), ("predict", b'{"tasks": [{"id": 1, "data": {}}')):
        for end in range(0, len(body) - 1, 7):
            assert asked.post(f"{address}/{path}", data=body[:end]).status_code == 400
    assert jobs.jobs(bench.home) == []
    assert hints == []
    first = asked.post(f"{address}/webhook", data=train).json
    second = asked.post(f"{address}/webhook", data=train).json
    assert (first["status"], "still running" in second["status"]) == ("started", True)
    jobs.jobs(bench.home)[0].wait()
    late = asked.post(f"{address}/webhook", data=train)
    assert (late.status_code, late.json) == (200, {"status": "done already", "job": first["job"]})
    for body in (event, event.replace(b"CREATED", b"DELETED"), event):
        assert asked.post(f"{address}/webhook", data=body).status_code == 200
    assert (len(hints), len(jobs.jobs(bench.home))) == (3, 1)


# A task that Label Studio cannot show ---------------------------------------------------

HALF = b'{"result": [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["\\ud83d"]}}]}'


def test_half_an_emoji_stops_neither_a_sync_nor_the_other_tasks(
    label_studio: Server, client: Client, tmp_path: Path
) -> None:
    bench = attached(tmp_path / "root", client, label_studio, tasks=40)
    tasks = list(bench.desk.mirror.ids())
    headers = {"Content-Type": "application/json"}
    sound = client("POST", f"/api/tasks/{tasks[20]}/annotations/", json={"result": []})
    for bad in (tasks[7], tasks[30]):
        client("POST", f"/api/tasks/{bad}/annotations/", content=HALF, headers=headers)
    path = f"/api/projects/{bench.home.project}/import?return_task_ids=true"
    made = client("POST", path, content=b'[{"data": {"text": "half \\ud83d"}}]', headers=headers).json()["task_ids"]
    bad = [tasks[7], tasks[30], *made]
    for _ in range(2):  # known ones stop nothing either
        bench.sync()
        mirror = bench.desk.mirror
        assert sound.json()["id"] in [one.id for task in mirror.labelled() for one in task.annotations]
        assert set(mirror.ids(0)) == set(tasks) - {tasks[7], tasks[20], tasks[30]}  # nobody ranks what may be answered
        (told,) = [words for words in bench.status().warnings if "cannot show 3 tasks" in words]
        assert all(str(task) in told for task in bad)
        assert "lsal sync" in told
    fresh = Workbench(tmp_path / "other").attach(label_studio.url, bench.home.project, label_studio.key)
    fresh.sync()
    assert set(fresh.desk.mirror.ids()) == set(tasks) - set(bad)
    assert bench.export(out=tmp_path / "all.json").left_out == tuple(sorted(bad))
    assert fresh.status().tasks == 38
    for task in bad:
        client("DELETE", f"/api/tasks/{task}/")
    bench.sync()
    assert not [words for words in bench.status().warnings if "cannot show" in words]
    assert set(bench.desk.mirror.ids()) == set(tasks) - set(bad)


def test_a_task_that_was_mended_is_read_again(label_studio: Server, client: Client, tmp_path: Path) -> None:
    bench = attached(tmp_path / "root", client, label_studio)
    task = next(bench.desk.mirror.ids())
    client("POST", f"/api/tasks/{task}/annotations/", content=HALF, headers={"Content-Type": "application/json"})
    bench.sync()
    assert "cannot show 1 task " in "\n".join(bench.status().warnings)
    of = {"filters": {"conjunction": "and", "items": []}}
    asked = {
        "project": bench.home.project,
        "fields": "all",
        "include": "id,annotations",
        "query": str(of).replace("'", '"'),
    }
    (held,) = [row for row in client("GET", "/api/tasks", params=asked).json()["tasks"] if row["id"] == task]
    client("PATCH", f"/api/annotations/{held['annotations'][0]['id']}/", json={"result": []}).raise_for_status()
    bench.sync()
    assert "cannot show" not in "\n".join(bench.status().warnings)
    assert [one.id for one in bench.desk.mirror.labelled()] == [task]


def test_a_server_that_shows_nothing_at_all_is_no_matter_of_tasks(
    wire: Wire, label_studio: Server, theirs: int, clock: Clock
) -> None:
    there, bad = project(wire, label_studio, theirs, clock), list[int]()
    with wire.ordered(KINDS["500"], times=1000), pytest.raises(LabelStudioError, match="500"):
        list(there.tasks([], "id,data", bad=lambda task, error: bad.append(task)))
    assert bad == []


def test_a_switch_that_somebody_else_answered_is_made_again(
    wire: Wire, label_studio: Server, theirs: int, clock: Clock
) -> None:
    """A 200 with another's JSON: Label Studio never heard of it, and would go on with the queue before."""
    there = project(wire, label_studio, theirs, clock)
    with wire.ordered(KINDS["other JSON"], times=1) as order:
        assert there.change(title="switched")["title"] == "switched"
    assert order.counted == 2
    with wire.ordered(KINDS["other JSON"], times=1000), pytest.raises(LabelStudioError, match="another shape"):
        there.change(title="again")
    assert there.read("title")["title"] == "switched"


def test_a_backend_that_was_not_reached_is_shown_once_more(
    wire: Wire, label_studio: Server, theirs: int, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be busy with its imports: Label Studio answers 400 then, which a request is not repeated for otherwise."""
    monkeypatch.setattr(backend_rows, "AGAIN_S", 0.0)
    there = project(wire, label_studio, theirs, clock)
    with wire.ordered(says(400), times=1) as order:
        assert backend_rows._once_more(lambda: there.change(title="shown"))["title"] == "shown"
    assert order.counted == 2
    for status, asked in ((400, 2), (403, 1)):
        with wire.ordered(says(status), times=1000) as order, pytest.raises(LabelStudioError):
            backend_rows._once_more(lambda: there.change(title="never"))
        assert order.counted == asked
