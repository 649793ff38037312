"""Checks of the queue: what Label Studio serves is what lsal published, in its order, with its guesses shown."""

from __future__ import annotations

from collections.abc import Iterator

from lsal.errors import LabelStudioError
from lsal.label_studio.listing import where
from lsal.label_studio.queue import differing, not_served, read_order, verify
from lsal.phrases import counted
from lsal.workbench.doctor.findings import Finding, fault, ok, warn
from lsal.workbench.doctor.patient import Patient

NAMED = 3


def queue(patient: Patient) -> Iterator[Finding]:
    """Sampling and model_version against the publication."""
    facts, publication = patient.facts.answer, patient.publication
    if publication is None:
        yield ok("queue", "nothing is published yet: lsal rank")
        return
    if wrong := not_served(facts, publication.name):
        yield fault("queue", wrong, "lsal doctor --fix, or lsal rank", True)
    else:
        yield ok("queue", f"Label Studio serves '{publication.name}'")


def repair_queue(patient: Patient) -> str:
    """Set sampling and model_version to the publication, while no round publishes."""
    with patient.home.lock(wait_s=5.0):
        publication, facts = patient.publication, patient.project.read("sampling", "model_version")
        wrong = differing(facts, publication.name) if publication else {}
        try:
            if wrong:
                patient.project.change(**wrong)
        except LabelStudioError as error:
            if error.status != 400:
                raise
            return "The batch is in Label Studio no more. Publish another: lsal rank"
    return f"set {', '.join(wrong)} back to what was published" if wrong else "the queue was right already"


def order(patient: Patient) -> Iterator[Finding]:
    """The server's own order against the publication."""
    publication = patient.publication
    if publication is None or differing(patient.facts.answer, publication.name):
        return
    found = verify(patient.project, publication)
    told = f"{found.in_order} of {counted(len(found.open), 'open task stands', 'open tasks stand')} as published"
    if not found.exact:
        yield fault("order", f"{told}. {'; '.join(found.faults)}", "Publish a fresh batch: lsal rank")
    elif not found.open:
        yield warn("order", "Every task of the queue is labelled: Label Studio serves at random", "lsal round")
    else:
        yield ok("order", told)


def shown(patient: Patient) -> Iterator[Finding]:
    """Whether people see the guesses."""
    if patient.facts.answer.get("show_collab_predictions", True):
        yield ok("predictions", "pre-annotations are shown to people")
    else:
        fix = "Switch it on in Label Studio under Settings, Annotation: use predictions to prelabel tasks"
        yield warn("predictions", "The project does not show predictions to people: no pre-annotations", fix)


def overlap(patient: Patient) -> Iterator[Finding]:
    """What several people on one task mean for the queue."""
    several = int(patient.facts.answer.get("maximum_annotations") or 1)
    if several > 1:
        what = f"each task is for {several} people: Label Studio serves begun tasks first, verify compares membership"
        yield ok("overlap", what)


def held(patient: Patient) -> Iterator[Finding]:
    """Open tasks of the queue that people have begun. Their locks cannot be seen: drafts can."""
    publication = patient.publication
    if publication is None or differing(patient.facts.answer, publication.name):
        return
    begun = set(_with_draft(patient)) & set(read_order(patient.project, publication.name))
    if not begun:
        unseen = "no draft on an open task; who only has one open, Label Studio does not tell"
        yield ok("locks", unseen)
        return
    people = sorted({who for task in sorted(begun)[:NAMED] for who in _drafters(patient, task)})
    first = ", ".join(map(str, sorted(begun)[:NAMED]))
    has = counted(len(begun), "open task of the queue has", "open tasks of the queue have")
    what = f"{has} a draft (task {first}; by {', '.join(people)})"
    yield warn("locks", f"{what}: these people get them first, before the head of the queue", "Let them finish or skip")


def _with_draft(patient: Patient) -> Iterator[int]:
    drafts = where("draft_exists", "equal", True, "Boolean")
    for rows in patient.project.tasks([drafts], "id"):
        yield from (row["id"] for row in rows)


def _drafters(patient: Patient, task: int) -> list[str]:
    drafts = patient.project.connection.rows(f"/api/tasks/{task}/drafts")
    return [str(draft.get("user")) for draft in drafts]
