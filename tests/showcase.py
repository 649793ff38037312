"""The showcase: three people label at once, and rounds start by themselves, with no notebook open.

Whoever runs it only labels and reads. People label at full speed up to the labels that the next
round needs, then wait until it has taken its snapshot: so each round learns the same number of
labels on every machine, while the training, the switch of the queue and all that follows happen
under people who go on.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from team import PATIENCE_S, Gate, Person, Rows, Served, sit, write

from lsal import predicting, publishing
from lsal.files import read_json, to_json
from lsal.jobs import ENDED, Job
from lsal.records import Example, Labels
from lsal.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Round:
    """One automatic round. Of the annotations that Label Studio's export held `before` its switch,
    `same` are alike, field by field, in the export after it, which holds `meanwhile` more.
    """

    version: int
    labels: int
    before: int
    same: int
    meanwhile: int
    held_out: float
    promoted: bool
    exact: bool
    early: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Told:
    """What it all came to. `members` of the tasks served were in the publication that was live then;
    `most` is the largest number of annotations on one task, `twice` counts people on a task they had before.
    """

    rounds: Sequence[Round]
    served: Sequence[Served]
    members: int
    annotations: int
    most: int
    twice: int
    by_person: Mapping[int, int]
    started_by: Mapping[str, int]
    seconds: float


def run(
    bench: Workbench,
    people: Sequence[Person],
    rows: Rows,
    rounds: int,
    labels: int,
    look: Callable[[Job], None] = lambda job: None,
) -> Told:
    """`rounds` times `labels` annotations by all `people` at once, learned by as many automatic rounds.

    `look` is called after each of them, with its job.
    """
    begun, gate, told, kept = time.perf_counter(), Gate(), list[Round](), dict[int, str]()
    bench.serve()
    bench.automatic(labels=labels)
    bench.rank().wait(PATIENCE_S)
    with ThreadPoolExecutor(len(people)) as pool:
        sittings = [pool.submit(sit, p, bench.home.project, dict(rows), lambda: _live(bench), gate) for p in people]
        try:
            gate.open(labels)
            for number in range(1, rounds + 1):
                gate.wait_for(number * labels)
                before, at = export(bench), time.time()
                assert kept.items() <= before.items(), "an annotation changed between two rounds"
                job = _snapshot_of(bench, number)
                gate.open(min(number + 1, rounds) * labels)
                job.wait(PATIENCE_S)
                kept = export(bench)
                told.append(_round(bench, job, before, at, kept))
                look(job)
        finally:
            gate.open(-1)
    bench.automatic(labels=0)
    served = sorted((one for sitting in sittings for one in sitting.result()), key=lambda one: one.got_at)
    return _told(bench, told, served, time.perf_counter() - begun)


def export(bench: Workbench) -> dict[int, str]:
    """A digest of every annotation, all its fields, as Label Studio itself exports them."""
    answer = bench.desk.connection.rows(f"/api/projects/{bench.home.project}/export", exportType="JSON")
    return {a["id"]: hashlib.sha256(to_json(a)).hexdigest() for task in answer for a in task["annotations"]}


def table(told: Told, bench: Workbench) -> str:
    """The showcase in lines for people."""
    lines = ["version  labels  same/before  meanwhile  switch exact  held-out  measured       seconds"]
    points = {point.version: point for point in bench.curve()}
    for one in told.rounds:
        point = points[one.version]
        meter = f"{point.value or 0:.2f} of {point.tasks}"
        same, exact = f"{one.same}/{one.before}", "yes" if one.exact else "no"
        lines.append(
            f"{one.version:7}  {one.labels:6}  {same:>11}  {one.meanwhile:9}  {exact:>12}  {one.held_out:8.3f}"
            f"  {meter:<13}  {one.seconds:7.1f}{'' if one.promoted else '  held back'}"
        )
    people = ", ".join(str(count) for count in told.by_person.values())
    lines += [
        f"{told.annotations} annotations by {len(told.by_person)} people ({people}) in {told.seconds:.0f} s",
        f"in the live batch when served: {told.members} of {len(told.served)}",
        f"annotations on one task at most: {told.most}; the same person twice on a task: {told.twice}",
        f"rounds by who started them: {dict(told.started_by)}",
    ]
    return "\n".join(lines)


def _live(bench: Workbench) -> str:
    publication = publishing.live_publication(bench.home)
    return publication.name if publication else ""


def _snapshot_of(bench: Workbench, number: int) -> Job:
    """Automatic round `number`, once it has taken its snapshot."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        mine = [job for job in reversed(bench.jobs()) if job.facts["act"] == "round"][number - 1 :]
        if mine and ((mine[0].folder / "snapshot" / "whole").exists() or mine[0].state().state in ENDED):
            return mine[0]
        time.sleep(0.05)
    raise AssertionError(f"round {number} did not start: {bench.automatic()}")


def _round(bench: Workbench, job: Job, before: Mapping[int, str], at: float, after: Mapping[int, str]) -> Round:
    result, (version,) = job.state().result, job.state().result["versions"].values()
    published = read_json(bench.home.path("publications", f"{result['publication']}.json"))
    return Round(
        version=version["version"],
        labels=version["labels"],
        before=len(before),
        same=len(before.items() & after.items()),
        meanwhile=len(after) - len(before),
        held_out=_accuracy(bench, version["version"]),
        promoted=version["promoted"],
        exact=result["exact"],
        early=at < published["made_at"],
        seconds=job.state().seconds,
    )


def _accuracy(bench: Workbench, number: int) -> float:
    """How much of 200 texts that no task holds a version gets right."""
    items = [Example(-1 - n, text, Labels((label,))) for n, (text, label) in enumerate(write(200, seed=99))]
    said = predicting.load(bench.desk.store.get(number), bench.desk.handled["label"][0]).predict(items)
    return sum(one.target == item.target for one, item in zip(said, items, strict=True)) / len(items)


def _told(bench: Workbench, rounds: Sequence[Round], served: Sequence[Served], seconds: float) -> Told:
    done = bench.desk.connection.rows(f"/api/projects/{bench.home.project}/export", exportType="JSON")
    pairs = Counter((task["id"], a["completed_by"]) for task in done for a in task["annotations"])
    tasks, people = Counter(task for task, _ in pairs.elements()), Counter(who for _, who in pairs.elements())
    return Told(
        rounds=rounds,
        served=served,
        members=_members(bench, served),
        annotations=pairs.total(),
        most=max(tasks.values()),
        twice=sum(count - 1 for count in pairs.values()),
        by_person=people,
        started_by=Counter(job.state().by for job in bench.jobs() if job.facts["act"] == "round"),
        seconds=seconds,
    )


def _members(bench: Workbench, served: Sequence[Served]) -> int:
    """How many of the tasks were, when they were served, in a publication that was live then.

    The server switches a moment before the disk says so: the publication after the one on disk
    counts too, if its import had begun. A task that somebody else has begun (overlap) comes
    first in Label Studio: it counts if it was in any publication before.
    """
    made = [read_json(path) for path in bench.home.path("publications").glob("*.json")]
    made.sort(key=lambda one: one["made_at"])
    places = {one["name"]: place for place, one in enumerate(made)}
    members, begun = 0, set[int]()
    for one in served:
        first, last = 0 if one.task in begun else places[one.before], places[one.after] + 1
        live = [p for p in made[first : last + 1] if p["made_at"] < one.got_at]
        members += any(one.task in p["task_ids"] for p in live)
        begun.add(one.task)
    return members
