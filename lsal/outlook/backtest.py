"""Forecasts made in the middle of replayed curves, and whether what came was within their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lsal.outlook.curves import Measurements, Paths
from lsal.outlook.forecast import FEWEST_VERSIONS, interval
from lsal.outlook.law import paths
from lsal.outlook.targets import coming, reaching

LEAPS = (100, 200)
TARGETS = np.arange(0.05, 1.0, 0.05)
NEAR = 0.15
"""Targets so far above what is measured are asked about."""
DRAWS = 1500


@dataclass(frozen=True, slots=True)
class Replay:
    """A curve as a project measured it, and the truth about it: figures over far more tasks.

    Without a `truth` the question is what will be measured on the same tasks.
    """

    known: Measurements
    truth: tuple[float, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One interval: `about` what, after how many versions, whether the truth lay in it, and how wide it was.

    `told` is False for a target of which lsal says that it cannot tell.
    """

    about: str
    name: str
    versions: int
    tasks: int
    held: bool
    width: float
    told: bool = True


def outcomes(replay: Replay, every: int = 3) -> Iterator[Outcome]:
    """Forecast after some of the versions, and look what came."""
    known = replay.known
    for count in range(FEWEST_VERSIONS, len(known.labels), every):
        past = Measurements(known.labels[:count], known.values[:count], known.tasks[:count])
        place = (replay.name, count, int(past.tasks[-1]))
        for gained in _gains(replay, past):
            yield replace(gained, name=place[0], versions=place[1], tasks=place[2])
        if replay.truth:
            for reached in _targets(replay, past):
                yield replace(reached, name=place[0], versions=place[1], tasks=place[2])


def _gains(replay: Replay, past: Measurements) -> Iterator[Outcome]:
    """What the next version gains, and the one after so many labels, and which figure it reaches."""
    labels, count = replay.known.labels, len(past.labels)
    about = {"next batch": count}
    for leap in LEAPS:
        about |= {f"{leap} labels": int(i) for i in np.flatnonzero(labels == labels[count - 1] + leap)}
    found = paths(past, labels[list(about.values())], DRAWS)
    for place, (name, at) in enumerate(about.items()):
        gain, level = _draws(replay, past, found, place)
        truth = np.array(replay.truth) if replay.truth else replay.known.values
        yield _outcome(f"gain of {name}", gain, float(truth[at] - truth[count - 1]))
        yield _outcome(f"figure after {name}", level, float(truth[at]))


def _draws(replay: Replay, past: Measurements, found: Paths, place: int) -> tuple[Any, Any]:
    if replay.truth:
        return found.then[:, place] - found.now, found.then[:, place]
    return found.measured[:, place] - past.values[-1], found.measured[:, place]


def _outcome(about: str, draws: Any, truth: float) -> Outcome:
    low, high = interval(draws)
    return Outcome(about, "", 0, 0, low - 1e-9 <= truth <= high + 1e-9, high - low)


def _targets(replay: Replay, past: Measurements) -> Iterator[Outcome]:
    """The labels that round figures a little above the measured one need, as far as the replay can say."""
    labels, count, value = replay.known.labels, len(past.labels), past.values[-1]
    left, batch = labels[-1] - past.labels[-1], int(labels[count] - labels[count - 1])
    found = coming(past, batch, DRAWS)
    for target in TARGETS[(value + 1e-9 < TARGETS) & (value + NEAR > TARGETS)]:
        after = np.flatnonzero(np.array(replay.truth[count - 1 :]) >= target - 1e-9)
        told = reaching(found, batch, float(target))
        low, high = (np.inf if end is None else end for end in told.interval)
        if len(after):
            came = float(labels[count - 1 + after[0]] - labels[count - 1])
            held = low <= came <= high
        elif low > left:  # it came later than the replay looked: nobody knows
            continue
        else:
            held = high > left
        yield Outcome(
            "labels for a target", "", 0, 0, held, high - low if np.isfinite(high) else np.inf, not told.why_not
        )


def coverage(found: Sequence[Outcome]) -> Mapping[str, tuple[int, float, float]]:
    """For each thing forecast: how many intervals, the share that held, and the median width."""
    return {
        about: (len(rows), float(np.mean([one.held for one in rows])), float(np.median([one.width for one in rows])))
        for about in dict.fromkeys(one.about for one in found)
        if (rows := [one for one in found if one.about == about])
    }
