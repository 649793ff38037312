"""Ray behind one door: a local one, started and ended with the work, or a cluster that somebody runs."""

from __future__ import annotations

import logging
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lsal
from lsal.engine.hand import Hand
from lsal.errors import BadRequest, JobFailed, LsalError
from lsal.processes import end_of, mark, stop
from lsal.settings import SILENT, hurry_ray, ray_on_loopback, silence, without_keys, worker_threads

OBJECT_STORE = 200_000_000
"""Bytes that a local Ray keeps for values on their way: files are read where they lie."""
POLL_S = 0.3
KNOCK_S = 10.0
"""Seconds for a cluster to take a connection; Ray would try for minutes where nobody listens."""
WITHOUT = "Do without: lsal set engine=here"
QUIET: dict[str, Any] = {"log_to_driver": False, "namespace": "lsal", "logging_level": logging.ERROR}


class Cluster:
    """A Ray that this process is connected to. `local` is one that it started, on loopback, and ends."""

    def __init__(self, address: str = "", workers: int = 0, gpus: float = 0.0) -> None:
        silence()
        self._folder = Path()
        self._node: subprocess.Popen[bytes] | None = None
        if address:
            hurry_ray()  # before the import, which reads it, as what follows
        else:
            self._folder = Path(tempfile.mkdtemp(prefix="lsal-ray-"))
            ray_on_loopback(self._folder)
        self.ray = _imported()
        self._ours = not self.ray.is_initialized()  # else this process is connected already: that Ray is meant
        self.address, self.local, self._gpus = address, self._ours and not address, gpus
        if self.local:
            self._start(workers)
        elif self._ours:
            self._join()
        self.count = workers or self._room()

    def start_hand(self, roots: Sequence[Path]) -> Any:
        """A new worker; it may take a while until it answers."""
        made = self.ray.remote(Hand).options(
            num_cpus=1, num_gpus=self._gpus, max_concurrency=4, max_restarts=0, scheduling_strategy="SPREAD"
        )
        return made.remote(not self.local, [] if not self.local else list(roots))

    def result(self, asked: Any, meanwhile: Callable[[], None]) -> Any:
        """What a worker answers; `meanwhile` is called every now and then, and what it raises comes out.

        Raises Died if the worker is gone, or never came.
        """
        errors = self.ray.exceptions
        try:
            while not self.ray.wait([asked], timeout=POLL_S)[0]:
                meanwhile()
            return self.ray.get(asked)
        except (errors.RayActorError, errors.ObjectLostError, errors.WorkerCrashedError, errors.NodeDiedError) as error:
            raise Died(_first_line(error)) from error
        except errors.RayTaskError as error:  # of the worker itself: calls return their errors
            raise error.as_instanceof_cause() from error
        except (errors.RayError, ConnectionError) as error:
            what = f"Ray at {self.address or 'this machine'} failed ({_first_line(error)})"
            raise JobFailed(what, "Is the cluster still up? Look at it: ray status") from error

    def end_hand(self, hand: Any) -> None:
        """End a worker, whatever it is doing."""
        try:
            self.ray.kill(hand)
        except Exception as error:  # the cluster may be gone, and nothing is to be ended then
            logging.getLogger(__name__).info("A worker could not be ended: %s", error)

    def leave(self) -> None:
        """End what was started, and disconnect; a Ray that was there before stays."""
        if self._ours:
            self.ray.shutdown()
        if self._node and self._node.poll() is None:
            stop(mark(self._node.pid))
            self._node.wait()
        if self._folder.name:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, workers: int) -> None:
        """Start a Ray on this machine, in a folder that is gone with it."""
        (self._folder / "ray").mkdir()
        shape = [str(workers or worker_threads()), str(OBJECT_STORE)]
        command = [sys.executable, "-m", "lsal.engine.local_ray", str(self._folder), *shape]
        said, noted = self._folder / "said.txt", self._folder / "ray" / "ray_current_cluster"
        with said.open("wb") as log:
            self._node = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, env=_asking_no_cloud(self._folder)
            )
        while not noted.exists():
            if self._node.poll() is not None:
                what = f"No Ray starts on this machine ({end_of(said, 1)})"
                raise self._refused(JobFailed(what, WITHOUT))
            time.sleep(0.05)
        for last in (False, False, False, True):  # a busy machine does not always answer in time
            try:
                self.ray.init(noted.read_text().strip(), runtime_env={"env_vars": _home_of_user()}, **QUIET)
                return
            except Exception as error:  # Ray raises nothing more special
                self.ray.shutdown()
                if last:
                    what = f"The Ray that was started on this machine does not answer ({_first_line(error)})"
                    raise self._refused(JobFailed(what, WITHOUT)) from error

    def _join(self) -> None:
        # The cluster has this very lsal, so that both sides mean the same; libraries it has itself.
        brought = {"py_modules": [str(Path(lsal.__file__).parent)], "env_vars": dict(SILENT)}
        try:
            _knock(self.address)
            self.ray.init(self.address, runtime_env=brought, **QUIET)
        except (OSError, RuntimeError, ValueError) as error:
            what = f"No Ray cluster answers at {self.address} ({_first_line(error)})"
            fix = "From outside give ray://HOST:10001, its RAY_AUTH_TOKEN, and the same Python and Ray. "
            raise JobFailed(what, fix + WITHOUT) from error

    def _room(self) -> int:
        """How many workers there is room for: by GPUs if they want some, else half the processors of a cluster."""
        has = self.ray.cluster_resources()
        if self._gpus:
            count = int(has.get("GPU", 0) / self._gpus + 1e-6)
            if not count:
                what = f"Each worker is to have {self._gpus:g} GPU, and {self._where()} has {has.get('GPU', 0):g}"
                raise self._refused(BadRequest(what, "Ask for fewer: lsal set gpus=0"))
            return count
        processors = int(has.get("CPU", 1))
        return max(1, processors if self.local else processors // 2)

    def _refused(self, error: LsalError) -> LsalError:
        self.leave()
        return error

    def _where(self) -> str:
        return "this machine" if self.local else f"the cluster at {self.address}"


class Died(Exception):
    """A worker is gone."""


def _imported() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise BadRequest(f"The engine ray needs ray ({error})", "Install it: pip install 'lsal[ray]'") from error
    return ray


def _knock(address: str) -> None:
    """Raise OSError where nobody listens at an address."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    socket.create_connection((host, int(port)), KNOCK_S).close()


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _asking_no_cloud(folder: Path) -> dict[str, str]:
    """The environment of a Ray whose dashboard does not ask the network in which cloud it runs.

    It does so even where it reports nothing, unless a file in its user's home describes the cluster.
    """
    home = folder / "home"
    home.mkdir()
    (home / "ray_bootstrap_config.yaml").write_text("{}\n")
    return without_keys() | {"HOME": str(home)}


def _home_of_user() -> dict[str, str]:
    """What its workers have all the same: models are looked for there."""
    return {"HOME": str(Path.home())}
