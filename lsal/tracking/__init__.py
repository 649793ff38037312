"""Tracking: every version is mirrored as a run and a registered model version in MLflow, what is live as an alias.

The home is the truth; MLflow is caught up with it by a process beside the rounds, and nothing waits for it.
"""

from lsal.tracking.mirroring import Standing, catch_up, is_due, standing
from lsal.tracking.place import Place, place_of

__all__ = ["Place", "Standing", "catch_up", "is_due", "place_of", "standing"]
