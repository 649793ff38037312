"""Whether to stop: the agreement of versions, what more labels are expected to bring, and the target, in a sentence."""

from __future__ import annotations

from lsal.outlook.agreement import WINDOW, Stability
from lsal.outlook.forecast import Expected, Forecast

STOP, GO_ON, CANNOT_TELL = "stopping is reasonable", "go on", "cannot tell"
AHEAD = 100
"""The labels by whose gain stopping is judged."""
LITTLE, SURELY_LITTLE = 0.01, 0.02
"""A gain too small to pay for so many labels: its median, and the end of its interval while answers are stable."""
REACHED = 0.95


def verdict(stable: Stability | None, found: Forecast) -> tuple[str, str]:
    """One of the three words, and the sentence that ends with it."""
    gain = next((one for one in found.expected if one.more == AHEAD), None)
    word = _word(stable, found, gain)
    parts = [_agreeing(stable)] if stable else []
    if found.needed and found.needed.interval[1] == 0:
        parts.append(f"{found.needed.target:.2f} is reached")
    parts.append(_gaining(gain) if gain else f"there is no forecast ({found.why_not})")
    return word, f"{' and '.join(parts)}: {word}"


def _word(stable: Stability | None, found: Forecast, gain: Expected | None) -> str:
    if gain is None:
        return CANNOT_TELL
    if found.needed and found.needed.interval[1] == 0:
        return STOP
    most, settled = gain.gain_interval[1], stable is not None and stable.stable
    if most <= LITTLE or (settled and gain.gain <= LITTLE and most <= SURELY_LITTLE):
        return STOP
    if gain.gain >= LITTLE and not settled:
        return GO_ON
    return GO_ON if gain.gain_interval[0] > 0 else CANNOT_TELL


def _agreeing(stable: Stability) -> str:
    low, high = stable.interval
    over = f"{stable.steps} rounds" if stable.steps > 1 else "one round"
    if stable.stable:
        state = "answers are stable"
    else:
        state = "answers still change" if stable.steps >= WINDOW else "answers were compared"
    return f"{state} (kappa {_short(stable.kappa)}, {_short(low)} to {_short(high)}, over {over})"


def _gaining(gain: Expected) -> str:
    return f"{gain.more} more labels are expected to bring {points(gain.gain)} points ({_span(gain)})"


def _span(gain: Expected) -> str:
    low, high = gain.gain_interval
    return f"{points(low)} to {points(high)}"


def points(share: float) -> str:
    """A difference of two shares in points, with its sign; no minus before nothing."""
    return f"{round(100 * share, 1) + 0.0:+.1f}"


def _short(kappa: float) -> str:
    """A kappa without its leading nought."""
    return f"{kappa:.3f}".replace("0.", ".", 1)
