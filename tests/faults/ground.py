"""The ground truth after a fault: Label Studio's own export, the folders, the process table.

Each look gives sentences on what is wrong, none where all is well. `check` is all of them, for a project that
has been recovered and ranked afresh.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import httpx
from projects import annotations_digest, digest_of

from lsal import predicting, publishing
from lsal.errors import LsalError
from lsal.label_studio import queue
from lsal.label_studio.project import where
from lsal.settings import root_secret
from lsal.store import PRUNED, check_files
from lsal.workbench import Workbench, serving

ASKED = 3
"""Tasks that the backend is asked about, to compare its answers with those of the live weights."""


@dataclass
class Ledger:
    """What people were told is kept, by the id of the annotation; and what they sent without being told anything."""

    kept: dict[int, str] = field(default_factory=dict)
    unanswered: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, bench: Workbench) -> Ledger:
        """All that Label Studio exports now counts as kept."""
        return cls(dict(annotations_digest(bench)))

    def note(self, answer: Mapping[str, Any]) -> None:
        """Label Studio answered 201 with this annotation."""
        self.kept[int(answer["id"])] = digest_of(answer)

    def sent(self, result: list[dict[str, Any]], skipped: bool, person: int) -> None:
        """An annotation was sent, and no answer came: it may be there or not."""
        said = {"result": result, "was_cancelled": skipped, "completed_by": person}
        self.unanswered[digest_of(said)] += 1


def annotations(bench: Workbench, ledger: Ledger) -> list[str]:
    """Annotations that are lost or changed, and such as nobody made, in Label Studio's own export."""
    now, found = annotations_digest(bench), []
    for number, digest in ledger.kept.items():
        if number not in now:
            found.append(f"annotation {number} is lost")
        elif now[number] != digest:
            found.append(f"annotation {number} was changed")
    unknown = Counter(digest for number, digest in now.items() if number not in ledger.kept)
    made_up = unknown - ledger.unanswered
    return [*found, *([f"{made_up.total()} annotations that nobody made"] if made_up else [])]


def half_versions(bench: Workbench) -> list[str]:
    """Versions that are listed and not whole: each has its files, as they were written, and answers."""
    found, controls = [], {name: control for name, (control, _) in bench.desk.handled.items()}
    for number in bench.desk.store.numbers():
        try:
            version = bench.desk.store.get(number)
            if not (version.folder / PRUNED).exists():
                check_files(version)
                predicting.load(version, controls[version.control])
        except Exception as error:  # whatever it is, people are offered this version
            found.append(f"version {number} is not whole: {type(error).__name__}: {error}")
    return found


def current(bench: Workbench) -> list[str]:
    """`current` names whole versions, and what the backend serves is them, to the last figure."""
    live = bench.desk.store.current()
    if missing := set(live.values()) - set(bench.desk.store.numbers()):
        return [f"current names version {sorted(missing)}, which is not there"]
    running = serving.backend(bench.root)
    if running is None:
        return ["the backend does not answer"]
    tasks = [{"id": task.id, "data": task.data} for task in islice(bench.desk.mirror.tasks(), ASKED)]
    body = {"tasks": tasks, "label_config": bench.desk.mirror.label_config, "project": "1.1"}
    url = f"{running['url']}/{root_secret(bench.root)}/{bench.home.slug}/predict"
    answer = httpx.post(url, json=body, timeout=60, trust_env=False)
    if answer.status_code != 200:
        return [f"the backend answers {answer.status_code}: {answer.text[:200]}"]
    wanted = Workbench(bench.root, bench.home.slug).predict(bench.desk.mirror.label_config, tasks)
    served = answer.json()["results"]
    if [row["model_version"] for row in served] != [row["model_version"] for row in wanted]:
        return [f"the backend serves {served[:1]}, current is {live}"]
    return [] if served == wanted else ["the backend's answers are not those of the live weights"]


def queue_order(bench: Workbench) -> list[str]:
    """The real queue is the published one, of one switch with the weights, each task in it once."""
    live, found = publishing.live_publication(bench.home), []
    if live is None:
        return ["nothing is published"]
    if bench.home.path("intent.json").exists():
        found.append("a switch is still under way")
    if dict(live.versions) != bench.desk.store.current():
        found.append(f"ranked by {dict(live.versions)}, live is {bench.desk.store.current()}")
    if (name := queue.live_name(bench.desk.project)) != live.name:
        found.append(f"Label Studio serves '{name}', published is '{live.name}'")
    verified = bench.verify()
    return [*found, *([] if verified.exact else verified.faults or [f"{verified.in_order} of {len(verified.open)}"])]


def twice(bench: Workbench, tasks: int) -> list[str]:
    """What was written twice: tasks beside the `tasks` that were made, predictions of one batch, versions of a job."""
    count, live, found = bench.desk.project.count([]), publishing.live_publication(bench.home), []
    if count != tasks:
        found.append(f"{count} tasks of {tasks}")
    named = [where("predictions_model_versions", "contains", [live.name], "List")] if live else []
    for rows in bench.desk.project.tasks(named, "id,predictions,model_version") if live else []:
        held = {row["id"]: sum(one["model_version"] == live.name for one in row["predictions"]) for row in rows}
        found += [f"task {task} is {times} times in the queue" for task, times in held.items() if times > 1]
    made = Counter((version.job, version.control) for version in bench.versions() if version.job)
    return [*found, *(f"job {job} made {n} versions of '{name}'" for (job, name), n in made.items() if n > 1)]


def check(bench: Workbench, ledger: Ledger, tasks: int) -> dict[str, list[str]]:
    """What is wrong, by what it is about, in a project whose backend runs and which was ranked after the fault."""
    bench = Workbench(bench.root, bench.home.slug)  # as another process finds it
    looks: dict[str, Callable[[], list[str]]] = {
        "annotations": lambda: annotations(bench, ledger),
        "half versions": lambda: half_versions(bench),
        "current": lambda: current(bench),
        "queue": lambda: queue_order(bench),
        "twice": lambda: twice(bench, tasks),
    }
    return {name: _looked(look) for name, look in looks.items()}


def _looked(look: Callable[[], list[str]]) -> list[str]:
    try:
        return look()
    except LsalError as error:  # a look that cannot be had is no proof
        return [f"cannot be looked at: {error}"]
