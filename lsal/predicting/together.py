"""A model that many threads ask: one at a time, and whoever waits meanwhile is answered in one call with the others."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

from lsal.protocols import Model
from lsal.records import Example, Prediction

PIECE_S, FEWEST = 0.1, 32
"""A call takes about so many seconds, or has so many examples: so long does a single task wait behind many."""


class Together:
    """A model that need not be safe for threads.

    Who comes to an idle model is answered at once, alone. Who comes while it answers waits for that one
    call, and is then asked about in one call with everybody who waits. Many tasks of one request go in
    pieces, between which others get their turn.
    """

    def __init__(self, model: Model) -> None:
        self.inner = model
        self._waiting: deque[_Question] = deque()
        self._turn = threading.Condition()
        self._busy = False
        self._room = FEWEST

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """One prediction per example, in order; raises what the model raises about these."""
        if not examples:
            return []
        mine = _Question(examples)
        with self._turn:
            self._waiting.append(mine)
            while self._busy and not mine.ended():
                self._turn.wait()
            if mine.ended():
                return mine.answer()
            self._busy = True
        try:
            while not mine.ended():
                self._answer_some()
        finally:
            with self._turn:
                self._busy = False
                self._turn.notify_all()
        return mine.answer()

    def _answer_some(self) -> None:
        """One call of the model, about a piece of every question for which there is room."""
        with self._turn:
            pieces = self._pieces()
        try:
            told = self._ask([example for _, piece in pieces for example in piece])
        except BaseException:  # any: it belongs to whoever asked about what the model cannot take, and to nobody else
            for question, piece in pieces:
                self._answer_alone(question, piece)
        else:
            for question, piece in pieces:
                question.told += told[: len(piece)]
                del told[: len(piece)]
        with self._turn:
            self._turn.notify_all()

    def _ask(self, examples: Sequence[Example]) -> list[Prediction]:
        begun = time.perf_counter()
        told = list(self.inner.predict(examples))
        if len(told) != len(examples):
            raise ValueError(f"{self.inner.family} made {len(told)} predictions for {len(examples)} examples")
        if len(told) >= FEWEST:  # fewer tell more of a call's own cost than of an example's
            seconds = max(time.perf_counter() - begun, 1e-6)
            self._room = max(FEWEST, int(len(told) * PIECE_S / seconds))
        return told

    def _pieces(self) -> list[tuple[_Question, Sequence[Example]]]:
        """What is asked next, in turns: those who came first and are not done come last the next time."""
        share, pieces = max(1, self._room // len(self._waiting)), []
        for _ in range(min(len(self._waiting), self._room)):
            question = self._waiting.popleft()
            pieces.append((question, question.next(share)))
            if question.left:
                self._waiting.append(question)
        return pieces

    def _answer_alone(self, question: _Question, piece: Sequence[Example]) -> None:
        try:
            question.told += self._ask(piece)
        except BaseException as error:
            question.error = error
            with self._turn:
                if question in self._waiting:
                    self._waiting.remove(question)


class _Question:
    """What one thread asks, and what it was told so far."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples, self._asked = examples, 0
        self.told: list[Prediction] = []
        self.error: BaseException | None = None

    @property
    def left(self) -> int:
        """Examples that were not asked about yet."""
        return len(self._examples) - self._asked

    def ended(self) -> bool:
        """Whether there is an answer, or an error."""
        return self.error is not None or len(self.told) == len(self._examples)

    def next(self, most: int) -> Sequence[Example]:
        """The examples to ask about now."""
        begin, self._asked = self._asked, min(len(self._examples), self._asked + most)
        return self._examples[begin : self._asked]

    def answer(self) -> list[Prediction]:
        """The predictions; raises what went wrong."""
        if self.error is not None:
            raise self.error
        return self.told
