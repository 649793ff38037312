"""One fault of the wire: in the middle of a round, then what was said of it, then what is true."""

from __future__ import annotations

import re
import time

from faults import ground
from faults.outcome import Trial
from faults.wire import KINDS, WireFault
from faults.wire_scene import WireScene
from lsal.errors import LsalError
from lsal.jobs import Job

CAUSES = {
    "401": "401",
    "403": "403",
    "404": "404|is gone",
    "409": "409",
    "429": "429",
    "500": "500|cannot show",
    "502": "502",
    "503": "503",
    "HTML": "web page|not as a Label Studio",
    "other JSON": "without '|another shape|not as a Label Studio",
    "dropped": "broke the connection off",
    "answer lost": "broke the connection off",
    "truncated": "broke the connection off",
    "cut short": "breaks off",
    "empty": "nothing",
}
"""What has to be said of a fault that was too much, by how the fault's name begins."""
AGAIN = 4


def tried(scene: WireScene, fault: WireFault) -> Trial:
    """Let the fault happen, recover, and look."""
    trial, begun = Trial(fault), time.monotonic()
    scene.label(fault.people)
    scene.unhook()
    first, before = 1 + int(fault.at * scene.counts[fault.writes]), len(scene.bench().jobs())
    with scene.wire.ordered(KINDS[fault.kind], fault.writes, first, fault.times) as order:
        raised = scene.round()
    trial.struck = f"at {order.hit[0]}" if order.hit else "after the round"
    state = scene.newest().state()
    trial.ended = state.state if len(scene.bench().jobs()) > before else "no round"
    trial.wrong["untold"] = [
        said for error in raised if error for said in _untold(fault, type(error).__name__, error)
    ] + _untold_of(scene, fault, scene.newest())
    if any(raised) or trial.ended != "done":  # what went well has to be right without another word
        trial.did, trial.wrong["not recovered"] = _recover(scene, trial.ended)
    trial.wrong |= ground.check(scene.bench(), scene.ledger, scene.tasks)
    trial.wrong["twice"] += _twice(scene)
    trial.seconds["all"] = time.monotonic() - begun
    return trial


def _untold(fault: WireFault, kind: str, error: Exception) -> list[str]:
    """What a person who got this error is not told: two lines, the cause, the next step."""
    if not isinstance(error, LsalError):
        return [f"a traceback: {kind}: {error}"]
    return _unsaid(fault, error.what, error.fix)


def _unsaid(fault: WireFault, what: str, fix: str) -> list[str]:
    said, found = f"{what}. {fix}", list[str]()
    cause = next((words for name, words in CAUSES.items() if fault.kind.startswith(name)), "")
    if cause and not re.search(cause, said):
        found.append(f"not the cause: {said}")
    if not fix or "\n" in said:
        found.append(f"no next step, or more than two lines: {said}")
    return found


def _untold_of(scene: WireScene, fault: WireFault, job: Job) -> list[str]:
    """What the job, and the status after it, do not say."""
    state = job.state()
    if state.state == "done":
        return []
    found = _unsaid(fault, state.error, state.fix)
    try:
        told = [words for words in scene.bench().status().warnings if f"The last {state.act} {state.state}" in words]
    except Exception as error:  # the one command that has to work always
        return [*found, f"status fails with {type(error).__name__}: {error}"]
    return found if told else [*found, f"the status does not say that the round {state.state}"]


def _recover(scene: WireScene, ended: str) -> tuple[list[str], list[str]]:
    """Serve, and rank afresh; a round that did not come to its end is run again."""
    act, did = "rank" if ended == "done" else "round", list[str]()
    for _ in range(AGAIN):
        try:
            scene.bench().serve()
            did.append("serve")
        except LsalError as error:
            did.append(f"serve: {error}")
            continue
        if scene.run(act) == 0:
            return [*did, act], []
        did.append(f"{act}: {scene.newest().state().error}")
    return did, [did[-1]]


def _twice(scene: WireScene) -> list[str]:
    """What the server holds twice, or not at all, beside what `ground` looks at.

    Of an import that the wire doubled the rows are there, under a name that never became the queue: lsal
    found them doubled, and its housekeeping takes them away by and by.
    """
    lived = {path.stem for path in scene.bench().home.path("publications").glob("*.json")}
    held = scene.predictions().items()
    found = [f"{n} predictions of task {task} called {name}" for (task, name), n in held if n > 1 and name in lived]
    rows, hooks = len(scene.backends()), len(scene.webhooks())
    return [*found, *([f"{rows} backends"] if rows != 1 else []), *([f"{hooks} webhooks"] if hooks != 1 else [])]
