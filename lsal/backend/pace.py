"""How often the backend looks at a project, and how long it leaves it alone."""

from __future__ import annotations

from dataclasses import dataclass

from lsal import settings

LONGEST_S = 3600.0
"""The longest pause after rounds that failed, one after the other."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds; all of them follow from `idle`, the time between two looks without an event.

    `pause` lies between an event and the look that it causes, so that many of them cause one.
    `rest` is the least time between the end of one round and the next automatic one.
    """

    idle: float

    @classmethod
    def of_settings(cls) -> Pace:
        """As the environment says."""
        return cls(settings.poll_seconds())

    @property
    def pause(self) -> float:
        """From an event to the look."""
        return min(1.0, self.idle)

    @property
    def rest(self) -> float:
        """From the end of a round to the next."""
        return min(5.0, 5 * self.idle)

    def retry(self, failures: int) -> float:
        """From the last of so many failed rounds to the next try: doubled by each."""
        return min(LONGEST_S, self.idle * (1 << min(failures, 30)))

    def trouble(self, failures: int) -> float:
        """To the next look, after so many that failed: a server that is gone is not asked all the time."""
        return self.idle * min(10, 1 << min(failures - 1, 4))
