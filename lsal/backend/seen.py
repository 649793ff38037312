"""What Label Studio was seen to ask of this very process: the proof that it reaches the backend.

`lsal serve` writes a word into its backend row (`extra_params`), and Label Studio repeats it in
each /setup. Only the process that was really asked knows the word, or several behind one address
together; a state that says "connected" may mean another process, or another machine. Nothing of
the request is kept but the word: it also holds a key.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any

from lsal.label_studio.backend_rows import WORD

KEPT = 50


class Seen:
    """What was asked of each project (by slug). Every method may be called from any thread."""

    def __init__(self) -> None:
        self._asked: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self._words: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._seconds: defaultdict[tuple[str, str], deque[float]] = defaultdict(lambda: deque(maxlen=KEPT))
        self._lock = threading.Lock()

    def setup(self, slug: str, body: Mapping[str, Any]) -> None:
        """A /setup came; its word is noted, the newest last."""
        more = body.get("extra_params")
        word = more.get(WORD) if isinstance(more, Mapping) else None
        if isinstance(word, str) and len(word) < 100:
            with self._lock:
                words = self._words[slug]
                words.pop(word, None)
                words[word] = time.time()
                while len(words) > KEPT:
                    del words[next(iter(words))]

    def answered(self, slug: str, endpoint: str, peer: str, seconds: float) -> None:
        """A request was answered, to the machine at `peer`."""
        with self._lock:
            times = self._seconds[slug, endpoint]
            times.append(seconds)
            self._asked[slug][endpoint] = {"at": time.time(), "from": peer, "slowest_s": max(times)}

    def of(self, slug: str) -> dict[str, Any]:
        """All that was seen of a project: its words with their times, and each endpoint's last request."""
        with self._lock:
            return {"words": dict(self._words[slug]), "asked": dict(self._asked[slug])}


def joined(told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What several processes saw, as if it were one: of each endpoint the last request, and the slowest."""
    words, asked = dict[str, float](), dict[str, dict[str, Any]]()
    for one in told:
        for word, at in one["words"].items():
            words[word] = max(at, words.get(word, 0.0))
        for endpoint, last in one["asked"].items():
            known = asked.get(endpoint, last)
            newest = max(known, last, key=lambda request: request["at"])
            asked[endpoint] = {**newest, "slowest_s": max(known["slowest_s"], last["slowest_s"])}
    return {"words": words, "asked": asked}
