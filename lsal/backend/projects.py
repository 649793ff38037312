"""The projects that one backend serves: a workbench for each, opened when first asked for."""

from __future__ import annotations

import gc
import hmac
import logging
import threading
from pathlib import Path

from lsal.errors import LsalError
from lsal.home import attached, open_home
from lsal.models import MODELS
from lsal.settings import root_secret
from lsal.workbench import Workbench

log = logging.getLogger(__name__)


class Unknown(LsalError):
    """The URL names no project of this root, or not with its secret; one answer for both."""

    def __init__(self) -> None:
        super().__init__("No project is served under this address", "Connect it again: lsal serve")


class Projects:
    """The workbenches of a root, by slug. Every method may be called from any thread."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.secret = root_secret(root)
        self._open: dict[str, Workbench] = {}
        self._warmed: set[str] = set()
        self._opening = threading.Lock()

    def admit(self, secret: str, slug: str) -> Workbench:
        """The project of a URL. Raises Unknown."""
        if not hmac.compare_digest(secret.encode(), self.secret.encode()):
            raise Unknown()
        bench = self._open.get(slug) or self._opened(slug)
        if bench.home.detached:
            raise Unknown()
        return bench

    def warm(self, bench: Workbench) -> None:
        """Load, in a thread and once, what the project needs to answer.

        Otherwise the person who opens the next task would wait for it. Not again after a
        switch: while this thread loaded the new weights, requests would get the old ones.
        """
        if bench.home.slug not in self._warmed:
            self._warmed.add(bench.home.slug)
            threading.Thread(target=_load, args=(bench,), name=f"warm {bench.home.slug}", daemon=True).start()

    def warm_all(self) -> None:
        """Warm every project of the root."""
        for slug in slugs(self.root):
            try:
                self.warm(self._opened(slug))
            except LsalError as error:  # the others must not wait for it
                log.warning("cannot open %s: %s", slug, error)

    def _opened(self, slug: str) -> Workbench:
        with self._opening:
            if slug not in self._open:
                if slug not in slugs(self.root):
                    raise Unknown()
                self._open[slug] = Workbench.of(open_home(self.root / "projects" / slug))
            return self._open[slug]


def slugs(root: Path) -> list[str]:
    """The projects of a root that lsal works for, whether they can be opened or not."""
    return [path.parent.name for path in (root / "projects").glob("*/home.json") if attached(path.parent)]


def _load(bench: Workbench) -> None:
    """The libraries of the model families first: they take seconds, also before there is a version."""
    try:
        for control in bench.desk.handled:
            MODELS[bench.desk.family(control)]
        bench.predict(bench.desk.config.xml, [])
        gc.collect()
        gc.freeze()  # what is there now stays: to look through it again and again costs requests a third of their time
    except Exception as error:  # nobody waits for this thread; whoever asks for a prediction is told
        log.warning("cannot load the models of %s yet: %s", bench.home.slug, error)
