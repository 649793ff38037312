"""The live models of a project, for Label Studio's requests."""

from __future__ import annotations

import logging
import threading

from lsal.errors import LsalError
from lsal.predicting.loading import Predictor, for_control, load_model
from lsal.protocols import Model
from lsal.records import Control, Version
from lsal.store import Store

log = logging.getLogger(__name__)


class Live:
    """The live models of a project, loaded once for each version and kept in memory.

    A new `current` on disk is noticed by one look at a file; while its weights load, the old
    ones go on answering.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, tuple[bytes, Version, Model]] = {}
        self._loading = threading.Lock()

    def model(self, control: Control) -> tuple[Version, Predictor] | None:
        """The live version of a control and what answers for it; None before the first.

        None too if the label config changed so that the live version can not answer for it.
        """
        stamp, kept = self._store.stamp(), self._kept.get(control.name)
        # Whoever comes while another request loads is served by the old weights, if there are any.
        if (kept is None or kept[0] != stamp) and self._loading.acquire(blocking=kept is None):
            try:
                self._refresh(control, stamp)
            finally:
                self._loading.release()
            kept = self._kept.get(control.name)
        if kept is None or not kept[1].can_answer(control):
            return None
        return kept[1], for_control(kept[2], kept[1], control)

    def _refresh(self, control: Control, stamp: bytes) -> None:
        number, kept = self._store.current().get(control.name), self._kept.get(control.name)
        if number is None:
            self._kept.pop(control.name, None)
        elif kept and kept[1].number == number:
            self._kept[control.name] = (stamp, *kept[1:])
        elif (version := self._store.get(number)).can_answer(control):
            try:
                self._kept[control.name] = (stamp, version, load_model(version, control))
            except LsalError:
                if kept is None:
                    raise
                log.exception("version %d cannot be loaded, version %d goes on answering", number, kept[1].number)
                self._kept[control.name] = (stamp, *kept[1:])
