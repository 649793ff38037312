"""Does it pay to have doubtful labels answered again? The same number of human answers, spent in two ways.

On ag_news the pool has real people's labels, a fifth of them wrong. One arm spends every answer on a new text;
the others send a share of each batch back, as lsal chooses it. Who answers again is an expert, who gives the
true label, or one more person with the same habits of error. Accuracy on the test texts, paired by seed.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from noisy_texts import Learner, Texts

from lsal.cross_fitting import FOLDS, out_of_fold
from lsal.records import Control, Entry, Example, Labels
from lsal.suspects import doubted, find, mixing

T975 = {5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262, 20: 2.093}
"""Student's t at 97.5 %, by the number of seeds."""
NEW = "new texts only"
PEOPLE = 3


@dataclass(frozen=True)
class Arm:
    """One way to spend the answers: a `share` of each batch goes back to an `expert`, or one more person."""

    name: str
    share: float = 0.0
    expert: bool = False
    active_lab: bool = False


ARMS = (
    Arm(NEW),
    Arm("10 % to an expert", 0.1, expert=True),
    Arm("20 % to an expert", 0.2, expert=True),
    Arm("20 % to one more person", 0.2),
    Arm("ActiveLab, at most 20 %, one more person", 0.2, active_lab=True),
)


class Replay:
    """One arm with one seed: every answer is kept with whose it is."""

    def __init__(self, texts: Texts, arm: Arm, seed: int, margin: bool) -> None:
        self.texts, self.arm, self.margin = texts, arm, margin
        self.control = Control("label", "text", "Choices", "Text", "text", texts.names)
        self.draw, self.asked = np.random.default_rng(seed), np.random.default_rng(1000 + seed)
        self.order = [int(k) for k in self.draw.permutation(len(texts.truth))]
        self.answers: dict[int, dict[int, int]] = {}
        self.again = 0

    def run(self, start: int, batch: int, budget: int) -> list[float]:
        """Accuracy on the test texts after each batch; every batch is as many human answers."""
        self._new(start)
        found, spent = [self._learn()], start
        while spent < budget:
            back = self._doubtful(batch) if self.arm.share else []
            for entry in back:
                self._ask_again(entry.task_id)
            self._new(batch - len(back))
            spent += batch
            found.append(self._learn())
        return found

    def _learn(self) -> float:
        self.model = Learner(self.texts, self.control)
        self.model.fit(self._examples())
        return float((self.model.chances(self.texts.test).argmax(axis=1) == self.texts.test_truth).mean())

    def _new(self, count: int) -> None:
        still = [k for k in self.order if k not in self.answers]
        if self.margin and self.answers:
            two = np.sort(self.model.chances(self.texts.pool[still]), axis=1)[:, -2:]
            still = [still[k] for k in np.argsort(two[:, 1] - two[:, 0], kind="stable")]
        for task in still[:count]:
            self.answers[task] = {int(self.asked.integers(PEOPLE)): int(self.texts.human[task])}

    def _ask_again(self, task: int) -> None:
        truth, known = self.texts.truth[task], self.answers[task]
        other = next(p for p in range(PEOPLE + 1) if p not in known)
        told = truth if self.arm.expert else self.asked.choice(len(self.texts.names), p=self.texts.confused[truth])
        known[PEOPLE if self.arm.expert else other] = int(told)
        self.again += 1

    def _examples(self) -> list[Example]:
        """Labels by lsal's rule: the majority; without one, the latest."""
        found = []
        for task, told in self.answers.items():
            best, votes = Counter(told.values()).most_common(1)[0]
            label = best if 2 * votes > len(told) else list(told.values())[-1]
            found.append(Example(task, "text", Labels((self.texts.names[label],))))
        return found

    def _doubtful(self, batch: int) -> list[Entry]:
        examples, most = self._examples(), mixing.quota(batch, self.arm.share)
        told = out_of_fold(lambda: Learner(self.texts, self.control), examples, [], FOLDS, 0, lambda _: None)  # type: ignore[arg-type,return-value]
        about = doubted(self.control, examples, told)
        suspected, names = find(about), self.texts.names
        if suspected.cannot_tell:
            return []
        if not self.arm.active_lab:
            done = [task for task, known in self.answers.items() if len(known) > 1]
            return mixing.by_errors(suspected, most, done)
        said = {task: {p: (names[k],) for p, k in known.items()} for task, known in self.answers.items()}
        still = [k for k in self.order if k not in self.answers]
        open_chances = self.model.chances(self.texts.pool[still])
        return mixing.by_active_lab(about, suspected, said, open_chances, batch, most, ())


def paired(ones: Sequence[float], others: Sequence[float]) -> tuple[float, float]:
    """The mean difference by seed, and half its 95 % interval."""
    apart = [one - other for one, other in zip(ones, others, strict=True)]
    wide = T975.get(len(apart), 2.0) * statistics.stdev(apart) / math.sqrt(len(apart))
    return statistics.fmean(apart), wide


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path, help="tasks.jsonl with text, label, human_label and split")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--start", type=int, default=100)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--budget", type=int, default=600)
    parser.add_argument("--margin", action="store_true", help="new texts by margin, not at random")
    given = parser.parse_args()
    texts = Texts(given.table, 4000, 2000)
    ends, means = dict[str, list[float]](), dict[str, list[float]]()
    print(f"{(texts.human != texts.truth).mean():.1%} of people's labels are wrong", flush=True)
    for arm in ARMS:
        replays = [Replay(texts, arm, seed, given.margin) for seed in range(given.seeds)]
        curves = [one.run(given.start, given.batch, given.budget) for one in replays]
        ends[arm.name] = [curve[-1] for curve in curves]
        means[arm.name] = [statistics.fmean(curve[1:]) for curve in curves]
        told = [f"{arm.name:42}", f"again {statistics.fmean(r.again for r in replays):5.0f}"]
        for what, found in (("last", ends), ("mean", means)):
            gain, wide = paired(found[arm.name], found[NEW])
            verdict = "helps" if gain > wide else "hurts" if gain < -wide else "cannot tell"
            against = "" if arm.name == NEW else f" {gain:+.4f} +/- {wide:.4f} {verdict}"
            told.append(f"{what} {statistics.fmean(found[arm.name]):.4f}{against}")
        print("  ".join(told), flush=True)


if __name__ == "__main__":
    main()
