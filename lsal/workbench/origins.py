"""What people should know about how their project was made."""

from __future__ import annotations

from lsal.desk import Desk
from lsal.files import read_json
from lsal.label_studio.mirror import LABELLED
from lsal.phrases import counted
from lsal.workbench.making import unfinished


def origin_words(desk: Desk) -> list[str]:
    """What was left out, what was not used, and what was begun and never ended."""
    made = read_json(desk.home.path("source.json"), {})
    told = []
    # Told until the first label is there: then people have seen that they start from nothing.
    if made.get("labels_unused") and not desk.mirror.count(LABELLED):
        told.append(
            f"{counted(made['labels_unused'], 'item')} came with labels, which only named the classes. Import them: "
            "lsal new --with-labels, or for a simulated annotator: lsal new --demo"
        )
    if made.get("left_out"):
        were = counted(made["left_out"], "row was", "rows were")
        told.append(f"{were} left out of the project; the first: {made['first_left_out']}")
    if made.get("people_unknown", 0) > 1:
        told.append(
            f"The annotations of {made['people_unknown']} people were imported as yours: Label Studio knows nobody by "
            "their names. Where they disagreed, the latest counts"
        )
    for note in unfinished(desk.home.root):
        told.append(f"'{note.get('title')}' was begun and not finished. Go on: lsal new {note.get('source')}")
    return told
