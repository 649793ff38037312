"""Pre-annotations of a batch beside those of the model that ranked it: other controls, and weights that were given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lsal import predicting
from lsal.desk import Desk
from lsal.models import MODELS
from lsal.predicting import Predictor
from lsal.records import Example, Ranking


def with_others(desk: Desk, made: Ranking, live: Mapping[str, int], ranked_by: Sequence[str]) -> Ranking:
    """The batch with what the live versions of the other controls say."""
    for name, number in live.items():
        if name not in ranked_by:
            model = predicting.load(desk.store.get(number), desk.handled[name][0])
            made = _with(desk, made, name, predicting.showing(model, desk.options(name)))
    return made


def with_given_weights(desk: Desk, made: Ranking, live: Mapping[str, int]) -> Ranking:
    """For controls without a version: what weights that the options name say, of families that can be given some.

    Where they know none of the classes, people are shown regions without one, to name them.
    """
    for name, (control, _) in desk.handled.items():
        given = getattr(MODELS[desk.family(name)], "pretrained", None)
        if given is not None and name not in live and (model := given(control, desk.options(name))):
            made = _with(desk, made, name, model)
    return made


def _with(desk: Desk, made: Ranking, control: str, model: Predictor) -> Ranking:
    """Measuring tasks are shown without."""
    entries, kind = {entry.task_id: entry for entry in made.entries}, desk.handled[control][1]
    examples = _shown(desk, made, control)
    for example, told in zip(examples, model.predict(examples) if examples else [], strict=True):
        entry = entries[told.task_id]
        result = kind.result(desk.handled[control][0], told, example)
        entries[told.task_id] = replace(entry, result={**entry.result, control: result})
    return replace(made, entries=tuple(entries.values()))


def _shown(desk: Desk, made: Ranking, control: str) -> Sequence[Example]:
    shown = [entry.task_id for entry in made.entries if not (entry.measuring or entry.relabel)]
    return [example for example in desk.examples(control, desk.mirror.tasks(ids=shown)) if not example.problem]
