"""What a person does after a fault: reads the status, does what it says, and runs the round again."""

from __future__ import annotations

import re

from faults.plan import BACKEND, FULL, LABEL_STUDIO, READ_ONLY, Fault
from faults.scene import Scene
from lsal.jobs import ENDED, State
from lsal.workbench.status import Status

PASSES = 8
COMMAND = re.compile(r"lsal (\w+)")
CAUSES = {
    FULL: re.compile(r"disk .*full|no space left|file too large", re.IGNORECASE),
    READ_ONLY: re.compile(r"cannot be written|not permitted|read-?only|permission", re.IGNORECASE),
}
"""What has to be said of a disk: the cause, not only that something failed."""


def told(scene: Scene, fault: Fault, state: State | None) -> tuple[str, list[str]]:
    """How the round ended, and what of it all the status does not say."""
    ended = state.state if state else "no round"
    try:
        said = scene.bench().status()
    except Exception as error:  # the one command that has to work always
        return ended, [f"status fails with {type(error).__name__}: {error}"]
    words, found = "\n".join(said.warnings), []
    if scene.process(LABEL_STUDIO) is None and "lsal up" not in words:
        found.append("Label Studio is gone, and the status does not say so")
    if scene.process(BACKEND) is None and "lsal serve" not in words:
        found.append("the backend is gone, and the status does not say so")
    if state and state.state not in ENDED:
        found.append(f"the round still {'waits' if state.state == 'waiting' else 'runs'}: {state.progress.message}")
    if state and state.state in ("failed", "lost"):
        found += _unsaid(fault, state, said)
    return ended, found


def _unsaid(fault: Fault, state: State, said: Status) -> list[str]:
    """What is not said of a round that came to nothing: that, its cause, the next command."""
    mine = next((words for words in said.warnings if f"The last {state.act} {state.state}" in words), "")
    if not mine:
        return [f"the round {state.state}, and the status does not say so"]
    found = [] if COMMAND.search(mine) else [f"no next command: {mine}"]
    cause = CAUSES.get(fault.kind)
    return found + ([f"not the cause: {mine}"] if cause and not cause.search("\n".join(said.warnings)) else [])


def recover(scene: Scene, ended: str) -> tuple[list[str], list[str]]:
    """Do what the status says until the queue was ranked afresh; what was done, and what remained of the trouble.

    A round that did not come to its end is run again.
    """
    again = "rank --wait" if ended == "done" else "round --wait"
    did, told = [], {"error": "nothing was tried", "fix": ""}
    for _ in range(PASSES):
        if not scene.kernel.alive:
            scene.new_kernel()
            did.append("a new kernel")
        line = _advised(scene) or again
        told = scene.kernel.run(line)
        did.append(f"{line}: {told['error']}" if told["error"] else line)
        if line == again and not told["error"]:
            return did, []
    return did, [f"after {PASSES} commands: {told['error']}"]


def _advised(scene: Scene) -> str:
    """What the status says is missing: Label Studio before the backend. Else "", and the round is run again."""
    said = [match[1] for words in scene.bench().status().warnings for match in COMMAND.finditer(words)]
    return next((line for line in ("up", "serve") if line in said), "")
