"""The kinds: which control tags lsal can learn, and the translation both ways.

A new one is a class with the methods of `lsal.protocols.Kind` and a class method
`samples() -> tuple[Sample, ...]`, from which the contract tests take their material. It
joins by a line in `KINDS`, or from another package by an entry point in the group
`lsal.kind`. Its `refusal` returns "" for tags that are none of its business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lsal.protocols import Kind
from lsal.records import Control, Target
from lsal.records.tasks import READS
from lsal.registry import Registry

KINDS = Registry(
    "kind",
    {
        "text_choices": "lsal.kinds.text_choices:TextChoices",
        "image_choices": "lsal.kinds.image_choices:ImageChoices",
        "image_boxes": "lsal.kinds.image_boxes:ImageBoxes",
        "image_masks": "lsal.kinds.image_masks:ImageMasks",
        "text_spans": "lsal.kinds.text_spans:TextSpans",
        "document_layout": "lsal.kinds.document_layout:DocumentLayout",
    },
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A label config with one control, the data of one task, and targets that people could give.

    Files in `data` are `data:` URLs, so that a sample stands alone.
    """

    config: str
    data: Mapping[str, Any]
    targets: tuple[Target, ...]


def match(
    controls: Sequence[Control], families: Mapping[str, str] | None = None
) -> tuple[dict[str, tuple[Control, Kind]], dict[str, str]]:
    """Who handles what: control name -> (control, its kind), and unhandled name -> why, in a sentence.

    Where several kinds can, the one that has the family chosen for the control, by name, in
    `families`; else the first.
    """
    kinds: list[Kind] = [kind() for _, kind in KINDS.loaded()]
    handled: dict[str, tuple[Control, Kind]] = {}
    unhandled: dict[str, str] = {}
    for control in controls:
        refusals = [(kind, _refusal(kind, control)) for kind in kinds]
        able = [kind for kind, refusal in refusals if refusal is None]
        if able:
            kind = _chosen(able, (families or {}).get(control.name, ""))
            handled[control.name] = _as_read(control, kind), kind
        else:
            why = next((refusal for _, refusal in refusals if refusal), f"no kind handles {control.tag} on it yet")
            unhandled[control.name] = f"{control.tag} '{control.name}' on {control.object_tag}: {why}"
    # A control that only draws is handled with the one that names what it drew.
    draws = {tool for control, _ in handled.values() for tool in control.drawn_by.values()}
    return handled, {name: why for name, why in unhandled.items() if name not in draws}


def family_of(kind: Kind, chosen: str | None, options: Mapping[str, Any] | None = None) -> str:
    """The model family for a control of this kind: the one chosen for it, else what its options or the kind mean."""
    meant = str(getattr(kind, "with_model", "")) if (options or {}).get("model") else ""
    return chosen or meant or kind.families[0]


def _chosen(able: Sequence[Kind], family: str) -> Kind:
    return next((kind for kind in able if family in kind.families), able[0])


def _as_read(control: Control, kind: Kind) -> Control:
    """The control as the kind understands it: versions that understood it otherwise can say nothing about it."""
    reads = getattr(kind, "reads", "")
    return replace(control, options={**control.options, READS: reads}) if reads else control


def _refusal(kind: Kind, control: Control) -> str | None:
    try:
        return kind.refusal(control)
    except Exception as error:  # one from elsewhere must not take the others along
        return f"the kind '{kind.name}' failed ({type(error).__name__}: {error})"
