"""What a person should know before they trust the status, each with the next step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lsal import jobs, processes, publishing
from lsal.desk import Desk
from lsal.files import read_json
from lsal.label_studio import server, tally
from lsal.label_studio.mirror import LABELLED, OPEN
from lsal.phrases import counted
from lsal.records import Control, Version
from lsal.workbench import tracking
from lsal.workbench.advice import answered_at, failed, fix_of, switched_off
from lsal.workbench.automatic import automatic
from lsal.workbench.origins import origin_words
from lsal.workbench.parts import missing, troubles
from lsal.workbench.room_words import room_words
from lsal.workbench.server_words import parting_words, server_words, unread_words


def warnings(desk: Desk, backend: bool, connected: bool) -> list[str]:
    """All warnings on a project; `connected` says whether the backend was ever connected to it."""
    if parting := parting_words(desk.home):
        return parting
    return [
        *room_words(desk.home),
        *server_words(desk.home),
        *unread_words(desk),
        *_processes_missing(desk, backend, connected),
        *_processes_stopped(desk),
        *automatic(desk, backend).warnings,
        *origin_words(desk),
        *_controls_changed(desk),
        *_labels_unknown(desk),
        *_words_unread(desk),
        *_round_lacking(desk),
        *_versions_held(desk),
        *switched_off(desk),
        *_queue_at_fault(desk),
        *tracking.warnings(desk),
        *missing(desk.home.settings()),
        *troubles(),
    ]


def open_count(desk: Desk) -> int:
    """How many tasks of the live publication the mirror knows as open."""
    publication = publishing.live_publication(desk.home)
    return len(still_open(desk, publication.task_ids)) if publication else 0


def still_open(desk: Desk, tasks: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The data of those of the tasks that the mirror knows as open, by id."""
    return {task.id: task.data for task in desk.mirror.tasks(ids=tasks, state=OPEN)}


def _processes_missing(desk: Desk, backend: bool, connected: bool) -> list[str]:
    told = []
    if desk.address is None:
        told.append("lsal's own Label Studio is not running. Start it: lsal up")
    if connected and not backend:
        told.append("The ML backend is not running: no pre-annotations, no refill of the queue. Start it: lsal serve")
    if backend and not connected:
        told.append("The ML backend runs, but is not connected to this project. Connect it: lsal serve")
    newest = jobs.jobs(desk.home)[:1]
    state = newest[0].state() if newest else None
    if state and (what := failed(state)):
        told.append(f"{what}. {fix_of(state, answered_at(desk))}")
    return told


def _processes_stopped(desk: Desk) -> list[str]:
    """Those that run, and were stopped by a signal: nothing comes from them, and nothing else says why."""
    named = {"The ML backend": read_json(desk.home.root / "backend.json")}
    if desk.home.own_server:
        named["Label Studio"] = server.process(desk.home.root)
    named |= {f"The {job.facts.get('act', 'job')}": job.process for job in jobs.jobs(desk.home)[:1]}
    told = "{} (process {}) was stopped by a signal and waits. Let it go on: kill -CONT {}"
    return [told.format(who, one["pid"], one["pid"]) for who, one in named.items() if one and processes.stopped(one)]


def _round_lacking(desk: Desk) -> list[str]:
    """What the newest job could not do, though it came to its end."""
    newest = next((one for one in jobs.jobs(desk.home) if one.facts["act"] in ("round", "rank", "train")), None)
    state = newest.state() if newest else None
    if state is None or state.state != "done":
        return []
    missing = state.result.get("not_trained", {}) if desk.mirror.count(LABELLED) else {}
    told = [f"The last {state.act} did not train '{name}': {why}. Then: lsal round" for name, why in missing.items()]
    if state.result.get("published") == 0 and desk.mirror.count(OPEN):
        told.append(f"The last {state.act} published nothing: {state.result.get('why')}. Then: lsal rank")
    return told


def _controls_changed(desk: Desk) -> list[str]:
    told, numbers = [], desk.store.numbers()
    if not desk.mirror.label_config:
        return []
    for name, (control, _) in desk.handled.items():
        number = desk.store.current().get(name)
        if number is not None and number not in numbers:
            told.append(f"Version {number} of '{name}' is live but its folder is gone. Train another: lsal round")
        elif number is not None and (change := _change(desk.store.get(number), control)):
            told.append(f"The control '{name}' changed since version {number} was trained: {change}. Go on: lsal round")
    for name, number in desk.store.current().items():
        if name not in desk.handled:
            why = desk.unhandled.get(name, "the label config has it no longer")
            told.append(f"Version {number} of '{name}' answers no more: {why}. See what is live: lsal status")
    return told


def _change(version: Version, control: Control) -> str:
    """What happened to a control since a version was trained for it, and what the version does now."""
    now, then = set(control.labels), set(version.labels)  # there may be very many
    added = [label for label in control.labels if label not in then]
    if version.can_answer(control):
        return f"{_listed(added)} came; it goes on answering without" if added else ""
    gone = [label for label in version.labels if label not in now]
    change = [f"it was {version.shape} and is {control.shape}"] if version.shape != control.shape else []
    change += [f"{_listed(gone)} went"] * bool(gone) + [f"{_listed(added)} came"] * bool(added)
    return f"{', '.join(change)}; it answers no more"


def _labels_unknown(desk: Desk) -> list[str]:
    """Answers in words that the label config no longer has: nothing is learned from them."""
    if not desk.mirror.label_config:
        return []
    told = []
    for name, given in tally.by_label(desk.mirror).items():
        known = next((control for control, _ in desk.handled.values() if control.name == name), None)
        odd = {label: n for label, n in given.items() if known and label not in (*known.labels, *known.aliases)}
        if odd:
            left_out = (f"answer to '{name}' is left out", f"answers to '{name}' are left out")
            listed = _listed([f"'{label}' ({count})" for label, count in odd.items()])
            told.append(
                f"{counted(sum(odd.values()), *left_out)}, the label config no longer has {listed}. "
                "Add it again, as a label or as predicted_values of another, or correct them in Label Studio. "
                "Then: lsal round"
            )
    return told


def _words_unread(desk: Desk) -> list[str]:
    """Pages that carry words which the family does not see: until somebody chose that, or it learned."""
    chosen, live = desk.home.settings().family or {}, desk.store.current()
    if not desk.mirror.label_config:
        return []
    unasked = [name for name, (c, _) in desk.handled.items() if c.draws and name not in chosen and name not in live]
    first = next(desk.mirror.tasks(), None) if unasked else None
    if first is None or not first.data.get("words") or not any(first.data.get(name) for name in ("boxes", "bboxes")):
        return []
    seen, way = desk.family(unasked[0]), "lsal set family=layoutlmv3, or family=yolo to leave it so"
    return [f"The tasks carry words and their boxes, which {seen} does not read. To learn by the words: {way}"]


def _listed(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _versions_held(desk: Desk) -> list[str]:
    """The newest version of each control, if it is held and could go live."""
    if not desk.mirror.label_config:
        return []
    live, newest = desk.store.current(), {version.control: version for version in desk.store.all()}
    held = [version for name, version in newest.items() if not version.promoted and live.get(name) != version.number]
    told = []
    for one in held:
        if one.control in desk.handled and one.can_answer(desk.handled[one.control][0]):
            look = f"See lsal compare {live[one.control]} {one.number}; p" if one.control in live else "P"
            told.append(
                f"Version {one.number} is held: {one.reason}. {look}romote it all the same: lsal promote {one.number}"
            )
    return told


def _queue_at_fault(desk: Desk) -> list[str]:
    told, publication = [], publishing.live_publication(desk.home)
    ranking = publishing.live_ranking(desk.home)
    if ranking and ranking.problems:
        first = next(iter(ranking.problems.values()))
        cannot = counted(len(ranking.problems), "task cannot be read and is", "tasks cannot be read and are")
        told.append(f"{cannot} left out of the queue; the first: {first}")
    ranked = publication and desk.mirror.label_config and desk.mirror.count(OPEN)
    if publication and ranked and publication.versions != desk.fitting(desk.store.current()):
        told.append("The queue was ranked by other versions than those that are live. Rank again: lsal rank")
    if publication and not open_count(desk):
        told.append("Every task of the live queue is labelled, Label Studio now serves at random. Go on: lsal round")
    if desk.home.path("intent.json").exists():
        told.append("A switch of the queue was interrupted. It is finished or dropped by the next: lsal rank")
    return told
