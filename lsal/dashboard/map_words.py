"""What the map says in words: captions, counts, the task under the pointer, and how far the placing is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.dashboard.map_groups import LONGEST, Legend
from lsal.dashboard.wording import duration
from lsal.jobs import State
from lsal.phrases import counted
from lsal.projecting import FITTED, LINEAR, can_place_by_neighbours
from lsal.records import Wishes
from lsal.workbench.mapping import EARLIER, GONE, LABELLED, MEASURING, OPEN, SKIPPED, Mapped

if TYPE_CHECKING:
    from lsal.records import Ints

LOOKING = "Looking at the last ranking ..."
GET = "The map needs two more libraries: pip install 'lsal[map]', then restart the kernel."
NO_RANKING = "There is no map yet: press Re-rank, which embeds every task."
NO_EMBEDDINGS = "This model family has no embeddings, so that there is nothing to place tasks by."
PLACING = "Tasks are being placed: a first picture comes within seconds."
STANDING = {LABELLED: "labelled", SKIPPED: "skipped", MEASURING: "for measuring", GONE: "no longer in the project"}


def empty(seen: Mapped | None) -> str:
    """Why nothing is drawn, and what to do."""
    if seen is None:
        return NO_RANKING
    return PLACING if seen.embedded else NO_EMBEDDINGS


def caption(seen: Mapped) -> str:
    """What the picture shows, and by what."""
    there = seen.standing != GONE
    told = f"{counted(int(there.sum()), 'task')} as of the last ranking"
    if seen.method == EARLIER:
        return f"{told}, where they lay on the map before: this ranking's places are being worked out"
    if seen.method == LINEAR:
        lack = "" if can_place_by_neighbours() else "; t-SNE, which parts groups better, needs openTSNE"
        return f"{told}, by the two principal components of their embeddings{lack}"
    if len(seen.task_ids) <= FITTED:
        return f"{told}, by t-SNE of their embeddings: what lies together is alike, distances say no more"
    return (
        f"{told}, by t-SNE of {FITTED:,} of them; each other task lies among its nearest neighbours. "
        "What lies together is alike, distances say no more"
    )


def doing(state: State | None, seen: Mapped | None) -> dict[str, Any]:
    """How far the placing is, whether it can be cancelled, or begun again; {} when there is nothing to say."""
    if state is None or state.state == "done":
        return {}
    if state.state in ("running", "waiting"):
        share = state.progress.done / state.progress.total if state.progress.total else 0.0
        left = "" if state.eta_s is None else f", about {duration(state.eta_s)} left"
        step = state.progress.message.removeprefix("map: ") or "starting"
        return {"text": f"Placing tasks: {step}{left}", "share": round(share, 3), "can": "cancel"}
    stays = " What is drawn stays." if seen is not None and seen.places is not None else ""
    if state.state == "cancelled":
        return {"text": f"Placing was cancelled.{stays}", "can": "make"}
    return {"text": f"Placing {state.state}: {state.error}.{stays}", "can": "make"}


def legend(shown: Legend) -> list[dict[str, Any]]:
    """Its groups for the page."""
    return [asdict(group) for group in shown.groups]


def marks(seen: Mapped, wishes: Wishes) -> list[dict[str, Any]]:
    """What rings mean, and how many there are; what people have asked for."""
    there = seen.standing == LABELLED
    told = [("labelled", "labelled", int(there.sum()))]
    told += [("batch", "in the published batch", int((seen.batch & (seen.standing == OPEN)).sum()))]
    told += [("pinned", "to come first", len(wishes.pinned)), ("excluded", "excluded", len(wishes.excluded))]
    return [{"mark": mark, "name": name, "tasks": count} for mark, name, count in told if count]


def chosen(seen: Mapped, tasks: Ints, wishes: Wishes) -> dict[str, Any]:
    """How many tasks are chosen, how many an act is about, and which are left out; {} when there are none."""
    if not len(tasks):
        return {}
    standing = seen.standing[tasks]
    mine = seen.task_ids[tasks[standing == OPEN]]
    wished = np.isin(mine, [*wishes.pinned, *wishes.last, *wishes.excluded])
    out = [f"{int((standing == kind).sum()):,} {name}" for kind, name in STANDING.items() if (standing == kind).any()]
    return {
        "tasks": len(tasks),
        "open": len(mine),
        "wished": int(wished.sum()),
        "left_out": f"left out: {_listed(out)}" if out else "",
        "first": seen.version is None,
    }


def card(seen: Mapped, task: int, wishes: Wishes) -> dict[str, Any]:
    """What is known of one task without reading it."""
    number, standing = int(seen.task_ids[task]), int(seen.standing[task])
    facts = list[tuple[str, str]]()
    label, guess = _class(seen, int(seen.label[task])), _class(seen, int(seen.guess[task]))
    if standing == LABELLED:
        facts.append(("label", label or "since the last ranking"))
    elif standing == MEASURING:
        facts.append(("for measuring", "no guess is shown"))
    elif guess:
        facts.append(("guess", f"{guess}, {seen.confidence[task]:.0%}"))
    if standing not in (LABELLED, MEASURING) and np.isfinite(seen.doubt[task]):
        facts.append(("uncertainty", f"{seen.doubt[task]:.2f}"))
    if seen.cluster[task] >= 0:
        facts.append(("group", f"{seen.cluster[task] + 1}"))
    state = STANDING.get(standing) or ("in the batch" if seen.batch[task] else "open")
    asked = {"to come first": wishes.pinned, "last": wishes.last, "excluded": wishes.excluded}
    state = ", ".join([state, *(name for name, ids in asked.items() if number in ids)])
    return {"task": number, "state": state, "facts": facts}


def _class(seen: Mapped, index: int) -> str:
    return seen.classes[index][:LONGEST] if 0 <= index < len(seen.classes) else ""


def _listed(parts: Iterable[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last
