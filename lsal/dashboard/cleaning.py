"""What housekeeping removed, or would remove, as a sheet."""

from __future__ import annotations

from lsal.dashboard.tables import Row, Sheet
from lsal.dashboard.wording import cut
from lsal.housekeeping import Cleaned
from lsal.phrases import counted

NAMES = 60
"""Characters of names in one cell."""


def cleaned_sheet(shown: Cleaned) -> Sheet:
    """A line for each kind of thing, and what is left for another time."""
    title = "What would be removed" if shown.dry_run else "Removed"
    facts = (("on this machine", amount(shown.freed)), ("home", amount(shown.home_bytes)))
    if not (shown.removed or shown.predictions):
        return Sheet("Nothing has to go", facts, notes=(*_resting(shown), *shown.left))
    stay = counted(shown.kept_predictions, "prediction stays", "predictions stay")
    kept = (f"{stay}: annotations were made from them, or a draft is on their task",) if shown.kept_predictions else ()
    notes = (*kept, *_resting(shown), *(f"Left for next time: {one}" for one in shown.left))
    return Sheet(title, facts, ("what", "how many", "size", "which"), (*_files(shown), *_predictions(shown)), notes)


def _resting(shown: Cleaned) -> tuple[str, ...]:
    """What is too young to go, and why that matters."""
    if not shown.resting:
        return ()
    stay = counted(shown.resting, "old batch stays", "old batches stay")
    why = "replaced too short a time ago (keep_replaced_minutes): who has a task of it open could not submit it"
    return (f"{stay} in Label Studio for now: {why}",)


def amount(count: int) -> str:
    """Bytes, as people read them."""
    size, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.0f} {units[0]}" if units[0] == "bytes" or size >= 100 else f"{size:.1f} {units[0]}"


def _files(shown: Cleaned) -> list[Row]:
    kinds = dict.fromkeys(one.what for one in shown.removed)
    found = list[Row]()
    for kind in kinds:
        mine = [one for one in shown.removed if one.what == kind]
        names = cut(", ".join(one.name for one in mine), NAMES)
        found.append((kind, str(len(mine)), amount(sum(one.bytes for one in mine)), names))
    return found


def _predictions(shown: Cleaned) -> list[Row]:
    if not shown.predictions:
        return []
    return [("predictions", str(sum(shown.predictions.values())), "", cut(", ".join(shown.predictions), NAMES))]
