"""The strategies that ask where the model is uncertain: each a measure with a picker."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lsal.records import Picks, Pool
from lsal.strategies import measures, pickers
from lsal.strategies.measures import Measure
from lsal.strategies.pickers import Picker


@dataclass(frozen=True)
class Query:
    """A strategy composed of what counts as uncertain and how the batch is picked from it."""

    measure: Measure
    picker: Picker
    why: str
    wants_embeddings: bool = False

    def __call__(self, pool: Pool, n: int) -> Picks:
        """N distinct positions, best first. Raises EmptyPool."""
        pickers.refuse_empty(pool)
        picks = self.picker(pool, self.measure(pool), min(n, len(pool)))
        lacking = self.wants_embeddings and pool.embeddings is None
        return replace(picks, why=self.why + (" (the model has no embeddings: the top was taken)" if lacking else ""))


least_confident = Query(measures.least_confident, pickers.top, "the tasks whose likeliest class is least likely")
margin = Query(measures.margin, pickers.top, "the tasks whose two likeliest classes are closest")
entropy = Query(measures.entropy, pickers.top, "the tasks whose chances are most spread out")
margin_kmeans = Query(
    measures.margin, pickers.kmeans, "the closest margins, one from each of their clusters", wants_embeddings=True
)
ranked_batch = Query(
    measures.least_confident, pickers.ranked, "uncertain tasks, far from what is labelled", wants_embeddings=True
)
