"""With what a training is done: how many images at a time, and how many processes load them."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from lsal.models import devices
from lsal.models.batches import CPU_BATCH, LARGEST_BATCH, halved, useful_batch
from lsal.models.yolo import library
from lsal.models.yolo.wishes import Wishes

log = logging.getLogger(__name__)

LOADERS = 8
PREFETCHED = 4
SHARED_MEMORY = Path("/dev/shm")  # nosec B108  # its size is asked for, nothing is written
FIND_OUT = -1
"""The size of batches by which ultralytics finds out what fits on a GPU."""


@dataclass(frozen=True, slots=True)
class Means:
    """`batch` images at a time, FIND_OUT for what fits; `loaders` processes load them, 0 for none of their own."""

    batch: int
    loaders: int


def first_means(wishes: Wishes, images: int, device: str) -> Means:
    """What is tried first: what the user wants, else what fits and is of use."""
    on_gpu = device.startswith("cuda")
    batch = wishes.batch or (FIND_OUT if on_gpu else min(CPU_BATCH, useful_batch(images)))
    wanted = int(wishes.train.get("workers", LOADERS))
    return Means(batch, _loaders(wishes.size, batch if batch > 0 else LARGEST_BATCH, wanted) if on_gpu else 0)


def less_of(means: Means, failed: int, wishes: Wishes, device: str, error: RuntimeError) -> Means | None:
    """With what to go on after an error with `failed` images at a time; None if it is about something else.

    Raises BadRequest when one image is too much.
    """
    if library.loader_died(error) and means.loaders:
        log.warning("a loader of images died (%s): going on without", devices.first_line(error))
        return replace(means, loaders=0)
    if not devices.out_of_memory(error):
        return None
    return replace(means, batch=halved(failed, wishes.size, device, error))


def _loaders(size: int, batch: int, wanted: int) -> int:
    """Processes that load images: none where the shared memory does not hold what they have ready."""
    need = wanted * PREFETCHED * batch * 3 * size * size
    if not wanted or not SHARED_MEMORY.is_dir() or shutil.disk_usage(SHARED_MEMORY).free >= 2 * need:
        return wanted
    log.warning(
        "%s is too small for %d loaders (%.1f GB): images are loaded in line", SHARED_MEMORY, wanted, need / 1e9
    )
    return 0
