"""Sending so many requests of all sources to a backend, and looking now and then at what its process holds."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from . import asking, described, guesses
from .bench import Served
from .tally import Held, Tally, short

DESCRIBED, GUESSED = 0.02, 0.18
"""Shares of schemathesis and of hypothesis: each of theirs takes some hundred times as long to make as a shaped one."""
TRAININGS = 5_000
"""One request in so many asks for training, and a real round begins."""
AT_ONCE = 4

Act = Callable[[Served, Tally], None]


def acts(count: int, seed: int, path: str, config: str) -> Iterator[Act]:
    """What to do, one act a request, the same for the same seed."""
    dice = random.Random(seed)
    shaped = asking.requests(dice, path, config)
    guessed = guesses.drawn(guesses.requests(path, config), seed)
    cases = guesses.drawn(described.cases(path, config), seed, 50)
    which = random.Random(f"which {seed}")
    training = asking.Asked("POST", f"{path}/webhook", b'{"action": "START_TRAINING"}')
    for number in range(count):
        chance = which.random()
        if number % TRAININGS == TRAININGS - 1:
            yield _sending("training", training)
        elif chance < DESCRIBED:
            yield _describing(next(cases))
        elif chance < DESCRIBED + GUESSED:
            yield _sending("hypothesis", next(guessed))
        else:
            yield _sending("shaped", next(shaped))


def _sending(source: str, asked: asking.Asked) -> Act:
    def act(served: Served, tally: Tally) -> None:
        try:
            tally.note(source, asked, asking.send(served.port, asked))
        except OSError as error:  # a hang, or nobody listens any more
            tally.fail(f"{type(error).__name__} {error} for {short(asked)}")

    return act


def _describing(case: described.Case) -> Act:
    def act(served: Served, tally: Tally) -> None:
        try:
            tally.note("schemathesis", *described.ask(f"http://127.0.0.1:{served.port}", case))
        except Exception as error:  # whatever a check or the sending found
            tally.fail(f"{type(error).__name__} {error} for {case.method} {case.path} {case.body!r:.300}")

    return act


def run(served: Served, count: int, seed: int, looks: int, say: Callable[[str], None]) -> tuple[Tally, list[Held]]:
    """Send them, a few at a time; what the backend held before, in between and after."""
    tally, held = Tally(), [Held.by(served.pid)]
    say(f"{0:9,d}  {held[0]}")
    stream = acts(count, seed, served.path, served.config)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(looks):
            list(pool.map(lambda act: act(served, tally), islice(stream, -(-count // looks))))
            held.append(Held.by(served.pid))
            say(f"{tally.total:9,d}  {held[-1]}")
    return tally, held
