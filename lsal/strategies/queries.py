"""The strategies that ask where the model is uncertain: each a measure with a picker."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lsal.records import Picks, Pool
from lsal.strategies import committees, measures, pickers
from lsal.strategies.measures import Measure
from lsal.strategies.pickers import Picker


@dataclass(frozen=True)
class Query:
    """A strategy composed of what counts as uncertain and how the batch is picked from it.

    One with a `plain` measure wants a committee, and goes by that measure where the model has none.
    """

    measure: Measure
    picker: Picker
    why: str
    wants_embeddings: bool = False
    plain: Measure | None = None

    @property
    def asks_members(self) -> bool:
        """Whether the model is asked what each member of a committee says."""
        return self.plain is not None

    def __call__(self, pool: Pool, n: int) -> Picks:
        """N distinct positions, best first. Raises EmptyPool."""
        pickers.refuse_empty(pool)
        alone = self.plain is not None and pool.members is None
        measure = self.plain if self.plain is not None and alone else self.measure
        picks = self.picker(pool, measure(pool), min(n, len(pool)))
        lacking = " (the model has no embeddings: the top was taken)"
        told = self.why if not (self.wants_embeddings and pool.embeddings is None) else self.why + lacking
        return replace(
            picks,
            why=f"{told} (the model has no committee: {getattr(measure, '__name__', 'a plain measure')} instead)"
            if alone
            else told,
        )


least_confident = Query(measures.least_confident, pickers.top, "the tasks whose likeliest class is least likely")
margin = Query(measures.margin, pickers.top, "the tasks whose two likeliest classes are closest")
entropy = Query(measures.entropy, pickers.top, "the tasks whose chances are most spread out")
margin_kmeans = Query(
    measures.margin, pickers.kmeans, "the closest margins, one from each of their clusters", wants_embeddings=True
)
ranked_batch = Query(
    measures.least_confident, pickers.ranked, "uncertain tasks, far from what is labelled", wants_embeddings=True
)
power_margin = Query(measures.margin, pickers.power, "a draw in proportion to 1 - the margin")

bald = Query(
    committees.bald, pickers.top, "where the members of a committee are sure and differ", plain=measures.entropy
)
consensus_kl = Query(
    committees.consensus_kl,
    pickers.top,
    "where the members of a committee are far from their mean",
    plain=measures.entropy,
)
vote_entropy = Query(
    committees.vote_entropy, pickers.top, "where a committee votes for different classes", plain=measures.margin
)
power_bald = Query(
    committees.bald, pickers.power, "a draw in proportion to a committee's disagreement", plain=measures.entropy
)
