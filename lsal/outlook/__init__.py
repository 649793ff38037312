"""What comes: whether versions still change their answers, what more labels will bring, and whether to stop.

Nothing here asks a model anything: it looks at answers and figures that rounds left behind.
"""

from __future__ import annotations

from lsal.outlook import sample
from lsal.outlook.agreement import Agreement, Stability, agreement, stability
from lsal.outlook.curves import Measurements
from lsal.outlook.forecast import Expected, Forecast, forecast
from lsal.outlook.pace import seconds_a_label
from lsal.outlook.targets import Needed
from lsal.outlook.verdict import verdict

__all__ = [
    "Agreement",
    "Expected",
    "Forecast",
    "Measurements",
    "Needed",
    "Stability",
    "agreement",
    "forecast",
    "sample",
    "seconds_a_label",
    "stability",
    "verdict",
]
