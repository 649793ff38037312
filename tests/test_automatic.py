"""Rounds that start by themselves, on a real Label Studio, while people label through its API."""

import contextlib
import csv
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from prepared import TEXT, prepared
from projects import annotations_digest, answer, write_texts

from lsal import cli, jobs, processes, publishing, unlearned
from lsal.backend import automatic
from lsal.backend.pace import Pace
from lsal.backend.watch import Watch
from lsal.dashboard.html import to_text
from lsal.errors import BadRequest, JobFailed
from lsal.files import read_json, write_json
from lsal.jobs import AUTO, Job
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.label_studio.server import Server
from lsal.settings import root_secret
from lsal.workbench import Workbench
from lsal.workbench.automatic import NOBODY, WAITS, Automatic, kept_at

Client = Callable[..., httpx.Response]
POLL_S = 0.3
CONFIG = TEXT.replace("ham", "animal").replace("spam", "machine")
SLOW = Pace(100.0)
"""So slow that nothing happens between two looks of a test."""


@dataclass
class Team:
    """A project, and people who label it; `truth` is what they have yet to say, by task."""

    bench: Workbench
    truth: dict[int, str]

    def label(self, count: int, skipped: bool = False) -> None:
        publication = publishing.live_publication(self.bench.home)
        order = [*(publication.task_ids if publication else ()), *self.truth]
        for task in [task for task in dict.fromkeys(order) if task in self.truth][:count]:
            result = answer(self.bench, self.truth.pop(task))
            self.bench.desk.project.submit(task, [] if skipped else result, 1.0, skipped)

    def edit(self, label: str) -> None:
        """Somebody thinks better of the newest label."""
        connection, number = self.bench.desk.connection, self.bench.home.project
        rows = connection.rows(f"/api/projects/{number}/export", exportType="JSON")
        newest = max(annotation["id"] for task in rows for annotation in task["annotations"])
        connection.patch(f"/api/annotations/{newest}/", {"result": answer(self.bench, label)})

    @property
    def trainings(self) -> list[Job]:
        """Oldest first."""
        return [job for job in reversed(self.bench.jobs()) if job.facts["act"] == "round"]

    def look(self, pace: Pace = SLOW) -> automatic.Decided:
        """What a backend would do now."""
        return automatic.look(self.bench, pace)

    def round(self, pace: Pace = SLOW) -> dict[str, Any]:
        """An automatic round, which has to be due, to its end."""
        job = self.look(pace).job
        assert job
        return job.wait(240)

    def later(self, seconds: float) -> None:
        """Let all that the looks remember have been so many seconds earlier."""
        kept = read_json(kept_at(self.bench.home))
        moved = {name: kept[name] - seconds for name in ("first_at", "ended_at") if kept.get(name)}
        write_json(kept_at(self.bench.home), kept | moved)


def team(root: Path, server: Server, folder: Path, count: int = 40) -> Team:
    """A project that somebody made on the session's server, attached to a root of its own."""
    rows = list(csv.DictReader(write_texts(folder / "texts.csv", count).open()))
    made = Project.create(Connection(server.url, server.key), "Texts of a team", CONFIG)
    ids = made.add_tasks([{"text": row["text"]} for row in rows])
    bench = Workbench(root).attach(server.url, made.number, server.key)
    bench.sync()
    bench.configure(batch=4, refill_below=0.0)
    return Team(bench, {task: row["label"] for task, row in zip(ids, rows, strict=True)})


@pytest.fixture
def quiet(label_studio: Server, isolated_root: Path, tmp_path: Path) -> Team:
    """A team without a backend: the test looks when a backend would."""
    return team(isolated_root, label_studio, tmp_path)


@pytest.fixture(scope="module")
def served(label_studio: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A team with a backend that looks often, and no notebook."""
    folder = tmp_path_factory.mktemp("served")
    people = team(folder / "root", label_studio, folder)
    try:
        serve(people.bench)
        yield people
    finally:
        people.bench.stop()


def serve(bench: Workbench) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSAL_POLL_S", str(POLL_S))
        bench.serve()


def wait_until(happened: Callable[[], object], seconds: float = 240.0) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def wait_for_looks(bench: Workbench, count: int = 2) -> None:
    """Until the backend has looked so many times more."""
    for _ in range(count):
        before = read_json(kept_at(bench.home), {}).get("looked_at", 0.0)
        wait_until(lambda before=before: read_json(kept_at(bench.home), {}).get("looked_at", 0.0) > before)


def wait_for_round(people: Team, number: int) -> Job:
    wait_until(lambda: len(people.trainings) >= number)
    job = people.trainings[number - 1]
    job.wait(240)
    return job


# With a backend, and nobody at a notebook -----------------------------------------------


def test_pain_01_training_fires_when_people_label(served: Team) -> None:
    bench = served.bench
    bench.automatic(4)
    served.label(3)
    wait_for_looks(bench)
    assert served.trainings == []
    served.label(1)
    first = wait_for_round(served, 1)
    assert first.state().by == AUTO
    before = annotations_digest(bench)
    served.label(4)
    second = wait_for_round(served, 2)
    assert bench.desk.store.current() == {"label": 2}
    publication = publishing.live_publication(bench.home)
    assert publication
    assert publication.name == second.state().result["publication"] != first.state().result["publication"]
    assert bench.desk.project.read()["model_version"] == publication.name
    assert second.state().result["exact"]
    after = annotations_digest(bench)
    assert len(after) == 8
    assert {number: after[number] for number in before} == before


def test_rounds_go_on_without_a_single_event(served: Team, client: Client) -> None:
    number = served.bench.home.project
    for hook in client("GET", "/api/webhooks/", params={"project": number}).json():
        assert client("DELETE", f"/api/webhooks/{hook['id']}/").status_code == 204
    assert client("GET", "/api/webhooks/", params={"project": number}).json() == []
    served.label(4)
    assert wait_for_round(served, 3).state().by == AUTO


def test_a_killed_backend_starts_no_round_twice(served: Team) -> None:
    bench = served.bench
    served.label(4)
    # Killed before there is a process, it starts none: that round is lost, and told to be.
    wait_until(lambda: len(served.trainings) == 4 and (served.trainings[3].folder / "process.json").exists())
    backend = read_json(bench.root / "backend.json")
    psutil.Process(backend["pid"]).kill()
    wait_until(lambda: not processes.alive(backend))
    assert NOBODY in bench.status().warnings
    assert served.trainings[3].wait(240)["exact"]
    serve(bench)
    wait_for_looks(bench, 3)
    assert len(served.trainings) == 4
    assert NOBODY not in bench.status().warnings
    told = bench.automatic()
    assert (told.new, told.ended, told.backend) == (0, {"done": 4}, True)
    assert "next look within 1 s" in told.looks
    url = f"{read_json(bench.root / 'backend.json')['url']}/{root_secret(bench.root)}/{bench.home.slug}/metrics"
    assert 'lsal_auto_rounds_total{state="done"} 4' in httpx.get(url, timeout=60, trust_env=False).text


def test_two_projects_go_their_own_ways(served: Team, label_studio: Server, tmp_path: Path) -> None:
    """And one that is broken stops neither the other's rounds nor its answers."""
    other, broken = team(served.bench.root, label_studio, tmp_path), served.bench.home.path("settings.json")
    serve(other.bench)
    before, sound = len(served.trainings), broken.read_bytes()
    try:
        broken.write_bytes(b"{")
        other.bench.automatic(4)
        other.label(4)
        wait_for_round(other, 1)
    finally:
        broken.write_bytes(sound)
    served.label(4)
    wait_for_round(served, before + 1)
    assert [len(team.trainings) for team in (served, other)] == [before + 1, 1]
    for one in (served, other):
        tasks = [{"id": task.id, "data": task.data} for task in one.bench.desk.mirror.tasks()]
        body = {"tasks": tasks[-5:], "label_config": one.bench.desk.config.xml}
        url = read_json(one.bench.root / "backend.json")["url"]
        path = f"/{root_secret(one.bench.root)}/{one.bench.home.slug}/predict"
        results = httpx.post(url + path, json=body, timeout=120, trust_env=False).json()["results"]
        number = one.bench.desk.store.current()["label"]
        assert {result["model_version"] for result in results} == {f"lsal-label.v{number}"}


# What one look decides --------------------------------------------------------------------


def test_what_counts_are_labels_new_or_changed(quiet: Team) -> None:
    quiet.bench.automatic(3)
    assert quiet.look().says == "waits for labels"
    quiet.label(2)
    quiet.label(3, skipped=True)
    assert (quiet.look().job, quiet.bench.automatic().new) == (None, 2)
    quiet.label(1)
    result = quiet.round()
    assert result["published"] == 4
    assert (quiet.look().job, quiet.bench.automatic().new) == (None, 0)
    for count, label in enumerate(["machine", "animal", "machine"], start=1):
        quiet.edit(label)
        quiet.bench.sync()
        assert quiet.bench.automatic().new == 1, f"one label, changed {count} times"
    quiet.label(1)
    quiet.bench.sync()
    assert quiet.bench.automatic().new == 2


def test_labels_that_come_during_a_round_count_for_the_next(quiet: Team) -> None:
    quiet.bench.configure(measuring_share=0.0)  # whichever three are the first, a model learns from them
    quiet.bench.automatic(3)
    quiet.label(3)
    job = quiet.look().job
    assert job
    wait_until(lambda: (job.folder / "snapshot" / "whole").exists())
    quiet.label(2)
    job.wait(240)
    assert (quiet.look().job, quiet.bench.automatic().new) == (None, 2)
    quiet.later(3600)
    assert quiet.look().job is None
    quiet.label(1)
    assert quiet.round()["versions"]["label"]["version"] == 2


def test_a_round_rests_before_the_next(quiet: Team) -> None:
    quiet.bench.automatic(1)
    quiet.label(1)
    quiet.round()
    quiet.look()
    quiet.later(-60)  # the round ends in a minute: however slow the machine is, this is still its rest
    quiet.label(1)
    decided, rest = quiet.look(), max(SLOW.rest, quiet.trainings[0].state().seconds)
    assert (decided.job, decided.says) == (None, "rests after a round")
    assert 0 < decided.next_s <= 60 + rest
    quiet.later(60 + rest)
    assert quiet.look().job


def test_minutes_need_a_label(quiet: Team) -> None:
    quiet.bench.automatic(minutes=30)
    assert quiet.look().says == "waits for labels"
    quiet.label(1)
    assert quiet.look().job is None
    quiet.later(29 * 60)
    assert 0 < quiet.look().next_s <= 60
    quiet.later(60)
    quiet.round()
    quiet.look()
    quiet.later(31 * 60)
    assert quiet.look().job is None, "nobody labelled since"
    quiet.label(1)
    assert quiet.look().job


def test_a_failing_round_is_repeated_less_and_less(quiet: Team) -> None:
    bench = quiet.bench
    bench.home.change_settings(family={"label": "no such family"}, auto_labels=2)
    quiet.label(2)
    for failures in (1, 2):
        with pytest.raises(JobFailed):
            quiet.round()
        decided = quiet.look()
        assert (decided.job, decided.says) == (None, f"{failures} failed in a row, tries again later")
        quiet.later(SLOW.retry(failures) - 90)  # so that a slow machine is in time
        assert quiet.look().job is None
        quiet.later(91)
    with pytest.raises(JobFailed):
        quiet.round()
    quiet.look()
    quiet.later(SLOW.retry(1))
    assert quiet.look().job is None
    quiet.label(1)  # with another label it may go well
    bench.configure(family=None)
    quiet.round()
    quiet.look()
    assert bench.automatic().ended == {"failed": 3, "done": 1}
    assert read_json(kept_at(bench.home))["failures"] == 0


def test_a_round_that_somebody_cancelled_waits_for_as_many_labels_again(quiet: Team) -> None:
    quiet.bench.automatic(2)
    quiet.look()
    quiet.label(3)
    job = quiet.look().job
    assert job
    assert quiet.bench.cancel()
    wait_until(lambda: job.state().state == "cancelled")
    assert (quiet.look().job, quiet.bench.automatic().new) == (None, 0)
    quiet.label(1)
    quiet.later(3600)
    assert quiet.look().job is None
    quiet.label(1)
    assert quiet.round()["versions"]["label"]["labels"] == 5


def test_off_is_off(quiet: Team) -> None:
    quiet.bench.automatic(2, 1)
    quiet.label(2)
    assert quiet.bench.automatic(0, 0).on is False
    assert quiet.look() == automatic.Decided(SLOW.idle)
    assert quiet.bench.jobs() == []
    quiet.bench.automatic(2)
    assert quiet.look().job


def test_of_many_looks_at_once_one_starts(quiet: Team) -> None:
    quiet.bench.automatic(2)
    quiet.label(2)
    with ThreadPoolExecutor(4) as pool:
        others = [Workbench.of(quiet.bench.home) for _ in range(4)]
        decided = list(pool.map(lambda bench: automatic.look(bench, SLOW), others))
    (job,) = [each.job for each in decided if each.job]
    assert [each.id for each in quiet.bench.jobs()] == [job.id]
    with pytest.raises(BadRequest, match=job.id):
        quiet.bench.round()
    job.wait(240)


def test_a_round_goes_before_a_refill(quiet: Team) -> None:
    bench, watch = quiet.bench, Watch(quiet.bench.home.folder, SLOW)
    bench.rank().wait(240)
    bench.configure(refill_below=0.9, auto_labels=3)
    quiet.label(3)
    watch.look()
    assert [job.state().act for job in bench.jobs()] == ["round", "rank"]
    watch.look()
    bench.job().wait(240)
    watch.look()
    assert len(bench.jobs()) == 2
    bench.automatic(0)
    quiet.label(3)
    watch.look()
    newest = bench.job().state()
    assert (newest.act, newest.by) == ("rank", AUTO)
    bench.job().wait(240)


# The parts --------------------------------------------------------------------------------


def test_a_burst_of_events_is_one_look(isolated_root: Path) -> None:
    looks = []

    class Counted(Watch):
        def look(self) -> float:
            looks.append(time.monotonic())
            return 60.0

    class Roomy(Pace):
        pause = 3.0  # a burst is over within it on any machine

    watch = Counted(prepared(isolated_root).home.folder, Roomy(3.0))
    watch.start()
    wait_until(lambda: looks)
    begun = time.monotonic()
    while time.monotonic() < begun + 0.25:
        watch.hint()
    wait_until(lambda: len(looks) == 2)
    assert not watch._wake.is_set(), "nothing asks for a third look"
    watch.stop()
    assert len(looks) == 2


def test_changed_settings_are_seen_soon(isolated_root: Path) -> None:
    watch = Watch(prepared(isolated_root).home.folder, SLOW)
    watch.glance()
    assert not watch._wake.is_set()
    Workbench(isolated_root).automatic(5)
    watch.glance()
    assert watch._wake.is_set()


def test_labels_are_counted_exactly(isolated_root: Path) -> None:
    bench = prepared(isolated_root, labelled=10)
    mirror, snapshot = bench.desk.mirror, isolated_root / "snapshot"
    assert unlearned.count(mirror, unlearned.last(bench.home)) == 10
    unlearned.note(snapshot, mirror)
    unlearned.learned(bench.home, snapshot)
    assert unlearned.count(mirror, unlearned.last(bench.home)) == 0
    late = "2026-01-01T00:00:00.000001Z"
    mirror.keep([annotated(11, late), annotated(12, late), annotated(13, late, skipped=True)])
    assert unlearned.count(mirror, unlearned.last(bench.home)) == 2
    unlearned.note(snapshot, mirror)  # the watermark stays: these two are beyond it, and noted one by one
    unlearned.learned(bench.home, snapshot)
    assert unlearned.count(mirror, unlearned.last(bench.home)) == 0
    mirror.keep([annotated(14, late), annotated(12, "2026-01-01T00:00:00.000002Z")])
    assert unlearned.count(mirror, unlearned.last(bench.home)) == 2
    write_json(snapshot / unlearned.NOTE, {"until": "", "beyond": {}, "made_at": 1.0})
    unlearned.learned(bench.home, snapshot)  # an older snapshot, trained again, takes nothing back
    assert unlearned.count(mirror, unlearned.last(bench.home)) == 2


def annotated(task: int, stamp: str, skipped: bool = False) -> dict[str, Any]:
    answer = {"id": task, "completed_by": 1, "was_cancelled": skipped, "updated_at": stamp, "result": []}
    return {"id": task, "data": {"text": f"{task}"}, "updated_at": stamp, "annotations": [answer]}


def test_a_pause_is_doubled_up_to_an_hour() -> None:
    pace = Pace(30.0)
    assert [pace.retry(failures) for failures in (1, 2, 3)] == [60.0, 120.0, 240.0]
    assert pace.retry(1000) == 3600.0
    assert [pace.trouble(failures) for failures in (1, 2, 1000)] == [30.0, 60.0, 300.0]
    assert Pace.of_settings() == pace


def test_jobs_say_who_wanted_them(isolated_root: Path) -> None:
    bench = prepared(isolated_root)
    for by in ("person", "auto", "label studio"):
        jobs.create(bench.home, "round", by).end("done", time.time())
    lines = to_text(bench.jobs()).splitlines()
    for by in ("person", "auto", "label studio"):
        assert sum(f"  round  {by}  " in f"{line}  " for line in lines) == 1
    assert "round (label studio), done" in to_text(bench.status())
    write_json(bench.job().folder / "job.json", {"act": "round", "made_at": 1.0})  # of an earlier lsal
    assert bench.job().state().by == "person"


def test_what_is_due_does_not_wait_for_labels() -> None:
    waits = Automatic(20, new=19, says=WAITS, backend=True)
    assert ("due" in str(waits), waits.state.startswith(WAITS)) == (False, True)
    due = Automatic(20, new=22, says=WAITS, backend=True)
    assert str(due) == "after 20 labels (22 so far, due)"
    assert due.state == due.looks
    assert "due" not in str(Automatic(20, new=22, says="rests after a round", backend=True))


# The command ------------------------------------------------------------------------------


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    cli.main(["auto", *words])
    return "".join(capsys.readouterr())


def test_the_command_sets_shows_and_ends_them(isolated_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = prepared(isolated_root, labelled=12).home
    assert "off" in ran(capsys)
    told = ran(capsys, "50")
    assert "after 50 labels (12 so far)" in told
    assert NOBODY in told
    assert "after 12 labels (12 so far, due)" in ran(capsys, "12")
    assert "after 1 label or 1 minute with" in ran(capsys, "1", "--minutes", "1")
    ran(capsys, "50", "--minutes", "0")
    assert "(12 so far)" in ran(capsys, "--minutes", "30")
    assert (home.settings().auto_labels, home.settings().auto_minutes) == (50, 30)
    assert "after 50 labels or 30 minutes with a new label (12 so far)" in ran(capsys)
    told = json.loads(ran(capsys, "--json"))
    assert (told["labels"], told["minutes"], told["new"], told["backend"]) == (50, 30, 12, False)
    cli.main(["status"])
    shown = capsys.readouterr().out
    assert re.search(r"automatic rounds +after 50 labels or 30 minutes", shown)
    assert NOBODY in shown
    assert "off" in ran(capsys, "off")
    assert not home.settings().automatic
    for wrong in (["many"], ["-5"], ["--minutes", "-1"]):
        with contextlib.suppress(SystemExit):
            assert "BadRequest" in ran(capsys, *wrong)
    assert not home.settings().automatic
