"""The ruler of classes: the share of right answers, with precision and recall of each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from lsal.measuring.paired import Comparison, sign_test, wilson
from lsal.measuring.ruler import ClassFigures, Measured, Said
from lsal.records import Target

Names = tuple[str, ...]


class Classes:
    """An answer is the list of its labels, sorted; it is right when all of them are (subset accuracy)."""

    metric = "accuracy"

    def plain(self, target: Target) -> Names:
        """The labels."""
        return tuple(sorted(target.names))

    def measure(self, said: Said, truth: Said, labels: Sequence[str]) -> Measured:
        """Accuracy with Wilson's interval, macro-F1, and precision, recall and F1 of each class."""
        both = {task: (_names(said[task]), _names(truth[task])) for task in truth if task in said}
        right, tasks = sum(one == true for one, true in both.values()), len(both)
        classes = _by_class(list(both.values()), labels)
        macro_f1 = sum(one.figures["F1"] or 0.0 for one in classes.values()) / len(classes) if classes else None
        given = Counter(true for _, true in both.values())
        seen = {label for true in given for label in true}
        return Measured(
            self.metric,
            right / tasks if tasks else None,
            wilson(right, tasks),
            tasks,
            {"macro_f1": macro_f1 if tasks else None},
            classes,
            max(given.values()) / tasks if tasks else None,
            tuple(label for label in labels if label not in seen) if tasks else (),
        )

    def value(self, said: Said, truth: Said, labels: Sequence[str]) -> float | None:
        """The share of right answers."""
        both = [task for task in truth if task in said]
        return sum(self.quality(said[task], truth[task]) for task in both) / len(both) if both else None

    def compare(self, old: Said, new: Said, truth: Said, labels: Sequence[str] = ()) -> Comparison:
        """Only tasks on which exactly one of them is right tell anything (the exact McNemar test)."""
        both = [task for task in truth if task in old and task in new]
        was = {task: self.quality(old[task], truth[task]) for task in both}
        now = {task: self.quality(new[task], truth[task]) for task in both}
        gained, lost = sum(now[task] > was[task] for task in both), sum(now[task] < was[task] for task in both)
        return Comparison(len(both), gained, lost, sign_test(gained, lost))

    def quality(self, said: Sequence[str], true: Sequence[str]) -> float:
        """1 for a right answer, 0 for any other."""
        return float(_names(said) == _names(true))

    def named(self, told: Sequence[str]) -> str:
        """The labels, with commas."""
        return ", ".join(told) or "none"


CLASSES = Classes()


def _names(told: Sequence[str]) -> Names:
    return tuple(told)


def _by_class(pairs: Sequence[tuple[Names, Names]], labels: Sequence[str]) -> Mapping[str, ClassFigures]:
    """Each class that people gave or the version answered."""
    found = {}
    for label in labels:
        hits = sum(label in one and label in true for one, true in pairs)
        answered, given = sum(label in one for one, _ in pairs), sum(label in true for _, true in pairs)
        if answered or given:
            figures = {
                "precision": hits / answered if answered else None,
                "recall": hits / given if given else None,
                "F1": 2 * hits / (answered + given),
            }
            found[label] = ClassFigures(given, figures)
    return found
