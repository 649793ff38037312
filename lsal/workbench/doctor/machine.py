"""Checks of this machine: room on disk and on the GPU, and a file of a task that really comes."""

from __future__ import annotations

import copy
import ctypes
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from lsal import jobs, settings
from lsal.phrases import counted
from lsal.room import free_bytes
from lsal.workbench.doctor.findings import Finding, fault, ok, warn
from lsal.workbench.doctor.patient import Patient

FULL_BYTES, LOW_BYTES = 200_000_000, 2_000_000_000
GIVES_WAY = 10
"""The niceness from which a training does not slow down whoever is served beside it."""
GPU_BYTES = 2_000_000_000
DRIVER = "libnvidia-ml.so.1"


def space(patient: Patient) -> Iterator[Finding]:
    """Whether there is room where lsal writes."""
    places = {"home": patient.home.folder, "cache": settings.cache_folder()}
    for name, place in places.items():
        yield judged_space(name, free_bytes(place))


def judged_space(name: str, free: int) -> Finding:
    """What so many free bytes mean."""
    told = f"{free / 1e9:.1f} GB free for the {name}"
    if free < FULL_BYTES:
        return fault("disk", f"Only {told}: the next version or batch may not be written", "Make room: lsal clean")
    return warn("disk", f"Only {told}", "Make room: lsal clean") if free < LOW_BYTES else ok("disk", told)


def gpu(patient: Patient) -> Iterator[Finding]:
    """Whether a GPU has room; says nothing where there is no driver of one."""
    for number, (free, total) in enumerate(gpu_memory()):
        told = f"GPU {number}: {free / 1e9:.1f} of {total / 1e9:.1f} GB free"
        if free < GPU_BYTES:
            yield warn("gpu", told, "Close what else uses it: notebooks keep models in memory until their kernel ends")
        else:
            yield ok("gpu", told)


def priority(patient: Patient) -> Iterator[Finding]:
    """Whether trainings leave room for the people who are served beside them."""
    (threads, nice), cores = jobs.limits(patient.home), settings.cores()
    told = f"trainings take {counted(threads, 'thread')} of {counted(cores, 'core')}, at niceness {nice} of 19"
    if threads > cores or (threads == cores and nice < GIVES_WAY):
        fix = "Leave them some: lsal set worker_threads=0 worker_nice=19"
        yield warn("priority", f"While one runs, people wait for their pages: {told}", fix)
    else:
        yield ok("priority", told)


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def gpu_memory(driver: str = DRIVER) -> list[tuple[int, int]]:
    """Free and total bytes of each NVIDIA GPU, from the driver's own library (NVML); [] without one.

    torch would take seconds to import, and a part of the memory that is asked about.
    """
    try:
        nvml = ctypes.CDLL(driver)
    except OSError:
        return []
    if nvml.nvmlInit_v2():
        return []
    try:
        count = ctypes.c_uint()
        if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)):
            return []
        found = [_memory_of(nvml, number) for number in range(count.value)]
        return [one for one in found if one]
    finally:
        nvml.nvmlShutdown()


def _memory_of(nvml: ctypes.CDLL, number: int) -> tuple[int, int] | None:
    device, memory = ctypes.c_void_p(), _Memory()
    if nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(number), ctypes.byref(device)):
        return None
    if nvml.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)):
        return None
    return int(memory.free), int(memory.total)


def _unread(task: int, problem: str, came: Sequence[Path]) -> Finding:
    """Whether the file does not come, or what is in the task is not as it should be."""
    if came:
        return fault("files", f"Task {task} cannot be read: {problem}", "Correct it in Label Studio, and sync")
    fix = "Open the task in Label Studio: is the file there, and may the key see it?"
    return fault("files", f"The file of task {task} does not come: {problem}", fix)


def files(patient: Patient) -> Iterator[Finding]:
    """Whether the file of a real task comes; says nothing where tasks hold their text themselves."""
    desk = patient.desk
    task = next(iter(desk.mirror.tasks()), None)
    if task is None or not desk.mirror.label_config:
        return
    with TemporaryDirectory() as empty:
        media = copy.copy(desk.media)
        media.folder = Path(empty)  # none is kept there from before
        for control, kind in desk.handled.values():
            fetched, came = list[str](), list[Path]()

            def fetch(url: str, fetched: list[str] = fetched, came: list[Path] = came) -> Path:
                fetched.append(url)
                came.append(media.fetch(url, task.id))
                return came[-1]

            example = kind.example(control, task.id, task.data, fetch)
            if example.problem and fetched:
                yield _unread(task.id, example.problem, came)
            elif fetched:
                size = example.file.stat().st_size if example.input else 0
                yield ok("files", f"the file of task {task.id} came, {size / 1000:.1f} kB")
