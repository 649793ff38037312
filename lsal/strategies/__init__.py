"""Query strategies: a measure of what is uncertain, a picker of the batch, a start, and wrappers around them."""

from __future__ import annotations

from lsal.strategies.naming import Strategies

STRATEGIES = Strategies(
    "strategy",
    {
        "auto": "lsal.strategies.auto:auto",
        "random": "lsal.strategies.starts:random",
        "least_confident": "lsal.strategies.queries:least_confident",
        "margin": "lsal.strategies.queries:margin",
        "entropy": "lsal.strategies.queries:entropy",
        "margin_kmeans": "lsal.strategies.queries:margin_kmeans",
        "fisher": "lsal.strategies.fisher:fisher",
        "power_margin": "lsal.strategies.queries:power_margin",
        "ranked_batch": "lsal.strategies.queries:ranked_batch",
        "information_density": "lsal.strategies.density:information_density",
        "badge": "lsal.strategies.gradients:badge",
        "falcun": "lsal.strategies.falcun:falcun",
        "bald": "lsal.strategies.queries:bald",
        "power_bald": "lsal.strategies.queries:power_bald",
        "vote_entropy": "lsal.strategies.queries:vote_entropy",
        "consensus_kl": "lsal.strategies.queries:consensus_kl",
        "dropquery": "lsal.strategies.dropping:dropquery",
        "k_center": "lsal.strategies.coverage:k_center",
        "light_coreset": "lsal.strategies.coverage:light_coreset",
        "typiclust": "lsal.strategies.typical:typiclust",
        "object_doubt": "lsal.strategies.objects:object_doubt",
        "flip_disagreement": "lsal.strategies.flips:flip_disagreement",
        "mean_confidence": "lsal.strategies.objects:mean_confidence",
        "token_margin": "lsal.strategies.spans:token_margin",
        "centroids": "lsal.strategies.starts:centroids",
    },
    {
        "distinct": "lsal.strategies.distinct:Distinct",
        "explore": "lsal.strategies.quotas:Explore",
        "quota": "lsal.strategies.quotas:ClassQuota",
        "empties": "lsal.strategies.quotas:EmptyQuota",
        "anchors": "lsal.strategies.anchoring:Anchors",
    },
)
"""Functions that follow `protocols.Strategy`, the default first; and wrappers that may stand before a name."""
