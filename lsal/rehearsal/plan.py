"""What is to be replayed: a labelled source, the strategies, and how far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsal.errors import BadData, BadRequest
from lsal.kinds import KINDS, family_of
from lsal.kinds.text_choices import TextChoices
from lsal.models import MODELS
from lsal.protocols import Report
from lsal.rehearsal.curve import Curve
from lsal.rehearsal.kept import place_of
from lsal.rehearsal.rare import rare_classes
from lsal.rehearsal.replaying import replay
from lsal.strategies import STRATEGIES

if TYPE_CHECKING:
    from lsal.rehearsal.source import Source


@dataclass(frozen=True)
class Plan:
    """Everything that the curves depend on; processes are given it whole."""

    source: Source
    strategies: tuple[str, ...]
    start: int
    batch: int
    budget: int
    seeds: int
    family: str
    options: Mapping[str, Any] = field(default_factory=dict)
    keep: Path | None = None
    rare: tuple[str, ...] = ()

    @property
    def replays(self) -> list[tuple[str, int]]:
        """Strategy and seed of each replay; a seed's stand together, as they share its pool."""
        return [(name, seed) for seed in range(self.seeds) for name in self.strategies]

    @property
    def network(self) -> bool:
        """Whether the family goes on from earlier weights."""
        return hasattr(MODELS[self.family], "begin_from")

    def replay(self, name: str, seed: int, report: Report | None = None) -> Curve:
        """One of the replays, from what is kept of it on."""
        pool, test = self.source.pool_and_test(seed)
        given, limits, kept = self.source, (self.start, self.batch, self.budget), None
        if self.keep is not None:
            kept = place_of(self.keep, name, seed, pool, test, given.control, self.family, self.options, *limits)
        return replay(
            pool,
            test,
            given.control,
            self.family,
            STRATEGIES[name],
            *limits,
            seed,
            report,
            options=self.options,
            by=given.by,
            kept=kept,
            rare=self.rare,
        )


def require_sense(target: float | None = None, workers: int = 0) -> None:
    """Raises BadRequest for a figure that no version can reach, and for fewer than no processes."""
    if target is not None and not 0 < target <= 1:
        raise BadRequest(f"No version can reach {target}", "Give a figure above 0, at most 1: --target 0.9")
    if workers < 0:
        raise BadRequest(f"There cannot be {workers} workers", "Give 1 or more, or 0 for as many as processors")


def planned(
    source: Source,
    strategies: Sequence[str],
    start: int,
    batch: int,
    budget: int,
    seeds: int,
    family: str | None = None,
    options: Mapping[str, Any] | None = None,
    keep: Path | None = None,
) -> Plan:
    """A plan that can be carried out. Raises BadRequest for figures that make no sense, BadData for too few labels."""
    if min(start, batch, seeds) < 1 or budget < start or not strategies:
        figures = f"start {start}, batch {batch}, budget {budget}, seeds {seeds}"
        raise BadRequest(f"Nothing to rehearse with {figures}", "Each is at least 1, the budget at least the start")
    for name in strategies:
        STRATEGIES.require(name)
    pool, test = source.pool_and_test(0)
    if not pool or not test:
        what = f"There are {len(source.examples)} labels, of which {len(test)} would be measured on"
        raise BadData(f"{what}: too few to rehearse", "Label some more tasks first")
    if (source.control.tag, source.control.object_tag) == ("Choices", "Text"):
        # As in a project, a model among the options means an encoder.
        family = family_of(TextChoices(), family, options)
    _require_able(source, family or source.family)
    names = tuple(dict.fromkeys(strategies))
    rare = rare_classes(source.examples, source.control.labels)
    how = (names, start, batch, budget, seeds, family or source.family, dict(options or {}), keep, rare)
    return Plan(source, *how)


def _require_able(source: Source, family: str) -> None:
    """Raises BadRequest for a family that is not there, or that is for other data: it would fail task by task."""
    MODELS.require(family)
    kinds = [kind for _, kind in KINDS.loaded()]
    able = next((kind.families for kind in kinds if source.family in kind.families), ())
    known = {name for kind in kinds for name in kind.families}
    if able and family in known and not any({source.family, family} <= set(kind.families) for kind in kinds):
        what = f"{source.control.tag} on {source.control.object_tag}"
        raise BadRequest(f"The family '{family}' does not learn {what}", f"Choose one of: {', '.join(able)}")
