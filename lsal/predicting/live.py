"""The live models of a project, for Label Studio's requests: all of one set, changed in one moment, without a pause."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lsal.errors import LsalError
from lsal.predicting.following import follow
from lsal.predicting.loading import Predictor, for_control, load_model
from lsal.predicting.together import Together
from lsal.records import Control, Version
from lsal.standby import Holder, Wanted
from lsal.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answering:
    """What is live by one state of `current`, and the weights of it that are in memory, by version."""

    stamp: bytes | None = None
    versions: Mapping[str, Version] = field(default_factory=dict)
    weights: dict[int, Together] = field(default_factory=dict)


class Live:
    """The live models of a project, loaded once for each version and kept in memory.

    Whoever answers holds the next weights before they go live (see `standby`), so that no answer is old
    after a switch and none waits for it. Where they went live unannounced, the old set answers, all of it,
    until the new one is in memory. Every method may be called from any thread.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._answering = Answering()
        self._held: dict[int, Together] = {}
        self._unable: set[int] = set()
        self._untried: set[int] = set()
        self._controls: dict[str, Control] = {}
        self._holder: Holder | None = None
        self._wanted = Wanted("", frozenset())
        self._said: object = None
        self._turning, self._loading, self._fetching = threading.RLock(), threading.Lock(), threading.Lock()

    def models(self, controls: Sequence[Control]) -> dict[str, tuple[Version, Predictor]]:
        """The live version of each control and what answers for it, all of one set; nothing before the first.

        A control is left out if the label config changed so that its live version cannot answer for it.
        """
        self._controls |= {control.name: control for control in controls}
        if self._holder is None:
            self._join()
        now, found = self._answering, {}
        if now.stamp != self._store.stamp():
            now = self._turned()
        for control in controls:
            version = now.versions.get(control.name)
            if version and version.can_answer(control):
                # Only before there is anything to answer with does a request load, and others wait for it.
                weights = now.weights.get(version.number) or self._load(version, control)
                now.weights[version.number] = weights
                found[control.name] = version, for_control(weights, version, control)
        return found

    def catch_up(self) -> None:
        """Load what is about to go live, or did; called again and again from beside. Returns at once."""
        holder = self._holder
        if holder is None:
            return
        wanted = holder.wanted()
        if wanted and wanted.id != self._wanted.id:  # also while other weights load: a switch waits to hear of it
            self._wanted, self._unable, self._untried = wanted, set(), set(wanted.versions)
            self._say(holder)
        if self._fetching.locked():
            return
        if self._untried:
            if self._fetch(self._missing(self._known(self._untried))):
                self._untried = set()
            return
        self._say(holder, self._wanted.versions - self._held.keys())
        if self._answering.stamp != self._store.stamp():
            self._turned()
        else:
            self._let_go()

    def _join(self) -> None:
        """Be one of those for whom a switch waits."""
        with self._turning:
            if self._holder is None:
                holder = Holder(self._store.home)
                holder.join()
                self._holder = holder
                weakref.finalize(self, holder.leave)
                follow(self)

    def _say(self, holder: Holder, unable: Iterable[int] = ()) -> None:
        told = self._wanted.id, sorted(self._held), sorted(unable)
        if told != self._said:
            holder.say(*told)
            self._said = told

    def _turned(self) -> Answering:
        """What answers now that `current` is another: the new set if it is in memory, else the old one."""
        with self._turning:
            now, stamp = self._answering, self._store.stamp()
            if now.stamp == stamp:
                return now
            versions = {name: self._store.get(number) for name, number in self._store.current_at(stamp).items()}
            if (missing := self._missing(versions.values())) and now.weights:
                self._fetch(missing)
                return now
            for name, version in versions.items():
                if version.number in self._unable and name in now.versions:
                    kept = now.versions[name]
                    log.error("version %d cannot be loaded, version %d goes on answering", version.number, kept.number)
                    versions[name] = kept
            held = now.weights | self._held
            numbers = {version.number for version in versions.values()}
            self._answering = Answering(stamp, versions, {number: held[number] for number in numbers & held.keys()})
            return self._answering

    def _missing(self, versions: Iterable[Version]) -> list[Version]:
        """Those that could answer for a control that was asked for, and are neither held nor known to be damaged."""
        out = self._held.keys() | self._unable
        asked = [(version, self._controls.get(version.control)) for version in versions if version.number not in out]
        return [version for version, control in asked if control and version.can_answer(control)]

    def _known(self, numbers: Iterable[int]) -> list[Version]:
        here = set(self._store.numbers())
        return [self._store.get(number) for number in sorted(numbers) if number in here]

    def _fetch(self, versions: Sequence[Version]) -> bool:
        """Load versions in a thread; False while another one loads."""
        if versions and self._fetching.acquire(blocking=False):
            told = versions, self._unable
            threading.Thread(target=self._fetch_now, args=told, name="next weights", daemon=True).start()
            return True
        return not versions

    def _fetch_now(self, versions: Sequence[Version], unable: set[int]) -> None:
        try:
            for version in versions:
                try:
                    self._load(version, self._controls[version.control])
                except Exception as error:  # whatever a family fails by: the old weights go on answering
                    unable.add(version.number)  # of the wish for which it was tried
                    unforeseen = None if isinstance(error, LsalError) else error
                    log.warning("cannot load version %d: %s", version.number, error, exc_info=unforeseen)
        finally:
            self._fetching.release()

    def _load(self, version: Version, control: Control) -> Together:
        with self._loading:
            if version.number not in self._held:
                self._held[version.number] = Together(load_model(version, control))
            return self._held[version.number]

    def _let_go(self) -> None:
        """Forget weights that neither answer nor are about to; another time if some are being loaded just now."""
        if self._loading.acquire(blocking=False):
            try:
                with self._turning:
                    for number in self._held.keys() - self._answering.weights.keys() - self._wanted.versions:
                        del self._held[number]
            finally:
                self._loading.release()
