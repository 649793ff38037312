"""Where networks compute: the device there is, its memory given back, and the word for that it did not suffice."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import clear_frames
from typing import Any

NO_MEMORY = ("out of memory", "can't allocate memory", "cublas_status_alloc_failed")


def best() -> str:
    """A GPU if there is one, else the processor."""
    import torch

    if torch.cuda.is_available():
        return "cuda:0"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def memory() -> dict[str, Any] | None:
    """The GPU that this process computes on: its `name`, and in bytes `used` by all, `own` and `total`.

    None without one, and before it was first used: to ask would take memory of it.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None
    free, total = torch.cuda.mem_get_info()
    return {
        "name": torch.cuda.get_device_name(),
        "used": total - free,
        "own": torch.cuda.memory_reserved(),
        "total": total,
    }


def release() -> None:
    """Give the memory of what is no longer held back to the GPU's other users."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


@contextmanager
def released() -> Iterator[None]:
    """However what is done within ends, its memory is given back."""
    try:
        yield
    except BaseException as error:
        clear_frames(error.__traceback__)  # they hold tensors, and would as long as the error is looked at
        raise
    finally:
        if best() != "cpu":  # there, what is no longer held is free already
            release()


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """The same steps each time; the caller's own draws go on as if nothing had been drawn."""
    import torch

    own = [torch.device(device)] if device.startswith("cuda") else []
    with torch.random.fork_rng(own), torch.backends.cudnn.flags(deterministic=True, benchmark=False):
        torch.manual_seed(seed)
        yield


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the memory of the GPU, or of the machine, did not suffice."""
    said = str(error).lower()
    return isinstance(error, RuntimeError) and any(each in said for each in NO_MEMORY)


def first_line(error: BaseException) -> str:
    """What an error says, or of what sort it is, in one line: libraries write essays."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
