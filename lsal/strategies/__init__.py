"""Query strategies: a measure of what is uncertain, a picker of the batch, a start; one line each."""

from __future__ import annotations

from lsal.registry import Registry

STRATEGIES = Registry(
    "strategy",
    {
        "auto": "lsal.strategies.auto:auto",
        "random": "lsal.strategies.starts:random",
        "least_confident": "lsal.strategies.queries:least_confident",
        "margin": "lsal.strategies.queries:margin",
        "entropy": "lsal.strategies.queries:entropy",
        "margin_kmeans": "lsal.strategies.queries:margin_kmeans",
        "ranked_batch": "lsal.strategies.queries:ranked_batch",
        "object_doubt": "lsal.strategies.objects:object_doubt",
        "flip_disagreement": "lsal.strategies.flips:flip_disagreement",
        "mean_confidence": "lsal.strategies.objects:mean_confidence",
        "token_margin": "lsal.strategies.spans:token_margin",
        "centroids": "lsal.strategies.starts:centroids",
    },
)
"""Functions that follow `protocols.Strategy`, the default first."""
