"""Workbench: what a person does with one project, as methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lsal import annotator
from lsal.workbench import demo
from lsal.workbench.demo import Demo
from lsal.workbench.exporting import Exporting
from lsal.workbench.loop import Loop
from lsal.workbench.setting_up import SettingUp
from lsal.workbench.sight import Sight
from lsal.workbench.trial import Trial
from lsal.workbench.upkeep import Upkeep
from lsal.workbench.wishing import Wishing


class Workbench(SettingUp, Trial, Loop, Wishing, Sight, Upkeep, Exporting):
    """One project of a root; before there is one, only `up`, `new` and `attach` make sense."""

    def demo(self, source: str = "digits", **options: Any) -> Demo:
        """The whole loop with a simulated annotator, beside a random baseline; see `demo.run`."""
        return demo.run(self, source, **options)

    def report(self, sittings: Sequence[annotator.Labelled], seeds: int = 5) -> Demo:
        """What a demo's rounds came to, beside the replayed random baseline."""
        return demo.report(self, sittings, seeds)
