"""Suspected label errors, and annotators against each other, as sheets."""

from __future__ import annotations

from collections.abc import Sequence

from lsal.dashboard.tables import Row, Sheet
from lsal.dashboard.wording import percent, seen
from lsal.phrases import counted, moment
from lsal.suspects import Pair, Person, Suspected
from lsal.workbench.suspecting import Suspicions

COLUMNS = ("task", "what", "label", "models say", "fit", "whose", "")


def suspicions_sheet(shown: Suspicions) -> Sheet:
    """A sheet for each control, the worst label first; below it the annotators, where there are several."""
    below = [sheet for one in shown.controls for sheet in (_control(shown, one), *_people(shown, one.control))]
    facts = [("looked", moment(shown.made_at)), ("sent back", counted(shown.sent_back, "task") + " wait")]
    facts += [("looked at again", counted(shown.looked_at, "task"))] if shown.looked_at else []
    facts += [("look again here", shown.tab)] if shown.tab else []
    return Sheet("Suspected label errors", tuple(facts), below=tuple(below))


def _control(shown: Suspicions, one: Suspected) -> Sheet:
    name = f"{one.control}: "
    if one.cannot_tell:
        return Sheet(f"{name}cannot tell", notes=(one.cannot_tell,))
    looked = counted(one.labels, "training label")
    if not one.flagged:
        return Sheet(f"{name}nothing suspicious in {looked}")
    rows = tuple(
        (
            str(each.task_id),
            seen(shown.shown.get(each.task_id, ())),
            each.given,
            f"{each.says} {percent(each.chance)}",
            f"{each.quality:.2f}",
            ", ".join(each.people),
            "looked at again" if each.looked_at else "sent back" if each.sent else "",
        )
        for each in one.suspects
    )
    more = one.flagged - len(rows)
    notes = (f"{more} more: --top {one.flagged}",) if more else ()
    return Sheet(f"{name}{one.flagged} of {looked} may be wrong", (), COLUMNS, rows, notes)


def _people(shown: Suspicions, control: str) -> list[Sheet]:
    people, pairs = shown.people.get(control, ()), shown.pairs.get(control, ())
    if len(people) < 2:
        return []
    columns = ("annotator", "labelled", "agrees with others", "likely right")
    return [Sheet(f"{control}: annotators", (), columns, tuple(_person(p) for p in people)), *_pairs(control, pairs)]


def _person(one: Person) -> Row:
    return one.name, str(one.answered), _share(one.same, one.shared), percent(one.quality)


def _pairs(control: str, pairs: Sequence[Pair]) -> list[Sheet]:
    if len(pairs) < 2:
        return []
    rows = tuple((one.first, one.second, _share(one.same, one.shared)) for one in pairs)
    return [Sheet(f"{control}: every two annotators", (), ("one", "the other", "agree"), rows)]


def _share(same: int, shared: int) -> str:
    return f"{same} of {shared}" if shared else "no task in common"
