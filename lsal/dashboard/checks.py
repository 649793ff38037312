"""What was looked over, as sheets: the order on the server, and everything between here and the next round."""

from __future__ import annotations

from lsal.dashboard.tables import Sheet
from lsal.label_studio.queue import Verification
from lsal.phrases import counted
from lsal.workbench.doctor import Diagnosis

COMPARED = {
    "order": "the order; who left a task open gets that one first",
    "membership": "which tasks are next, not their order: begun ones come first, as several people label each",
}


def verification_sheet(shown: Verification) -> Sheet:
    """Whether the queue is as published, and by what order that is told."""
    verdict = "exactly as published" if shown.exact else "not as published"
    facts = (
        ("published", str(shown.published)),
        ("still open", str(len(shown.open))),
        ("in order" if shown.compared == "order" else "in the batch", f"{shown.in_order} of {len(shown.open)}"),
        ("compared", COMPARED.get(shown.compared, shown.compared)),
        ("publication", shown.name),
    )
    fixes = [f"Next: {fix}" for fix in dict.fromkeys(shown.fixes)]
    return Sheet(f"The queue in Label Studio is {verdict}", facts, notes=(*shown.faults, *fixes))


def diagnosis_sheet(shown: Diagnosis) -> Sheet:
    """A line for each finding, and its fix below."""
    faults, warnings = len(shown.faults), len(shown.warnings)
    told = f"{counted(faults, 'fault')}, {counted(warnings, 'warning')}"
    told = told if faults or warnings else "nothing to complain of"
    rows = tuple((one.level, one.check, one.what) for one in shown.findings)
    done = tuple(f"Done: {one}" for one in shown.done)
    fixes = tuple(f"{one.check}: {one.fix}" for one in shown.findings if one.fix)
    return Sheet(f"{shown.project}: {told}".lstrip(": "), columns=("", "check", ""), rows=rows, notes=(*done, *fixes))
