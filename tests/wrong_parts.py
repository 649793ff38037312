"""Kinds, models, strategies and engines that each break one law, under the contracts: run by test_contracts."""

import contextlib
import pickle
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from colours import Colours

from lsal.engine import Here
from lsal.kinds.text_choices import TextChoices
from lsal.models.crf_tokens import CrfTokens
from lsal.models.random_guess import RandomGuess
from lsal.models.sklearn_text import SklearnText
from lsal.records import Example, Spans
from lsal.strategies.queries import margin
from lsal.testing import (
    EngineContract,
    KindContract,
    ModelContract,
    RegionModelContract,
    SpanModelContract,
    StrategyContract,
)
from lsal.testing.materials import SINGLE
from lsal.testing.regions import BOXES


class Greedy(TextChoices):
    def refusal(self, control: Any) -> str | None:
        return None


class Deaf(TextChoices):
    def target(self, control: Any, result: Any, example: Any = None) -> Any:
        return super().target(control, result[:-1])


class Careless(TextChoices):
    def target(self, control: Any, result: Any, example: Any = None) -> Any:
        return super().target(replace(control, labels=("A", "A / B", "A / c", "B", "b", "other")), result)


class Fragile(TextChoices):
    def example(self, control: Any, task_id: int, data: Any, fetch: Any) -> Example:
        return Example(task_id, data[control.data_key].strip())


class Misspelt(TextChoices):
    def result(self, control: Any, prediction: Any, example: Any = None) -> Any:
        return [{**region, "to_name": "nobody"} for region in super().result(control, prediction)]


class Sharing(TextChoices):
    def result(self, control: Any, prediction: Any, example: Any = None) -> Any:
        return [{**region, "id": "0"} for region in super().result(control, prediction)]


class Unordered(SklearnText):
    def predict(self, examples: Any) -> Any:
        return super().predict(examples)[::-1]


class Confident(SklearnText):
    def predict(self, examples: Any) -> Any:
        return [replace(one, chances=np.full_like(one.chances, 0.9)) for one in super().predict(examples)]


class Forgetful(RandomGuess):
    @classmethod
    def load(cls, folder: Any, control: Any) -> Any:
        return cls(control, seed=0)


class Pickled(SklearnText):
    def save(self, folder: Any) -> None:
        super().save(folder)
        (folder / "more").write_bytes(pickle.dumps({"weights": [1.0]}))


class Stubborn(SklearnText):
    def fit(self, labelled: Any, pool: Any, check: Any, report: Any) -> None:
        def swallow(progress: Any) -> None:
            with contextlib.suppress(Exception):
                report(progress)

        super().fit(labelled, pool, check, swallow)


class Stupid(SklearnText):
    def fit(self, labelled: Any, pool: Any, check: Any, report: Any) -> None:
        first = labelled[0].target
        super().fit([replace(one, target=one.target and first) for one in labelled], pool, check, report)


class Sideways(Colours):
    def told(self, example: Any) -> Any:
        one = super().told(example)
        items = tuple(
            replace(region, shape=replace(region.shape, x=region.shape.x + 0.8)) for region in one.target.items
        )
        return replace(one, target=replace(one.target, items=items))


class WorstFirst(Colours):
    def told(self, example: Any) -> Any:
        one = super().told(example)
        return replace(one, target=replace(one.target, items=one.target.items[::-1]), chances=one.chances[::-1])


class Certain(Colours):
    def told(self, example: Any) -> Any:
        one = super().told(example)
        return replace(one, chances=one.chances[:, :-1] / one.chances[:, :-1].sum(axis=1, keepdims=True))


class Mute(Colours):
    def told(self, example: Any) -> Any:
        return replace(super().told(example), problem=None)


class Shifted(CrfTokens):
    """Counts an emoji twice, as UTF-16 does."""

    def predict(self, examples: Any) -> Any:
        return [self._moved(one, example) for one, example in zip(super().predict(examples), examples, strict=True)]

    def _moved(self, one: Any, example: Any) -> Any:
        more = sum(ord(sign) > 0xFFFF for sign in str(example.input or ""))
        items = (replace(span, start=span.start + more, end=span.end + more) for span in one.target.items)
        return replace(one, target=Spans.of(items))


class Undecided(CrfTokens):
    """Leaves the chance of none out."""

    def predict(self, examples: Any) -> Any:
        return [replace(one, chances=one.chances[:, :-1]) for one in super().predict(examples)]


class Swapped(CrfTokens):
    """Has the columns of its chances in another order than the labels."""

    def predict(self, examples: Any) -> Any:
        return [replace(one, chances=one.chances[:, [1, 0, 2, 3]]) for one in super().predict(examples)]


class Speechless(CrfTokens):
    def predict(self, examples: Any) -> Any:
        return [replace(one, problem=None) for one in super().predict(examples)]


def worst_first(pool: Any, n: int) -> Any:
    picks = margin(pool, n)
    return replace(picks, positions=picks.positions[::-1].copy(), scores=picks.scores[::-1].copy())


def twice(pool: Any, n: int) -> Any:
    picks = margin(pool, n)
    positions = picks.positions.copy()
    positions[-1] = positions[0]
    return replace(picks, positions=positions)


def moody(pool: Any, n: int) -> Any:
    return margin(replace(pool, chances=np.random.default_rng().permutation(pool.chances)), n)


def meddling(pool: Any, n: int) -> Any:
    picks = margin(pool, n)
    pool.chances[:] = 0
    return picks


def silent(pool: Any, n: int) -> Any:
    return margin(pool, n) if len(pool) else None


class Latest(Here):
    def map(self, fn: Any, *iterables: Any, **_: Any) -> Any:
        return reversed([fn(*each) for each in zip(*iterables, strict=False)])


class Wrapping(Here):
    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        def wrapped() -> Any:
            try:
                return fn(*args, **kwargs)
            except Exception as error:
                raise RuntimeError("it failed") from error

        return super().submit(wrapped)


def threads() -> Executor:
    return ThreadPoolExecutor(1)


BY_CONTRACT = {
    KindContract: ("kind", [Greedy, Deaf, Careless, Fragile, Misspelt, Sharing]),
    ModelContract: ("model", [Unordered, Confident, Forgetful, Pickled, Stubborn, Stupid]),
    RegionModelContract: ("model", [Colours, Sideways, WorstFirst, Certain, Mute]),
    SpanModelContract: ("model", [Shifted, Undecided, Swapped, Speechless]),
    StrategyContract: ("strategy", [worst_first, twice, moody, meddling, silent]),
    EngineContract: ("engine", [Latest, Wrapping, threads]),
}
for contract, (named, parts) in BY_CONTRACT.items():
    for part in parts:
        more = {"learns": part is not Forgetful, "controls": (SINGLE,)} if contract is ModelContract else {}
        more = {"controls": (BOXES,)} if contract is RegionModelContract else more
        globals()[f"Test{part.__name__}"] = type(f"Test{part.__name__}", (contract,), {named: part, **more})
