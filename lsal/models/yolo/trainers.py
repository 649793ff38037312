"""A trainer of ultralytics for one lesson: quiet, offline, with the settings that lsal makes for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lsal.errors import BadRequest
from lsal.models import devices
from lsal.models.batches import nominal_batch, useful_batch
from lsal.models.yolo.folder import Written
from lsal.models.yolo.hearing import Hearing
from lsal.models.yolo.means import Means
from lsal.models.yolo.wishes import CLASSIFY, DETECT, SEGMENT, Wishes


def trainer_of(written: Written, settings: Mapping[str, Any], hearing: Hearing) -> Any:
    """The trainer of a folder's task. Raises BadRequest for settings that ultralytics does not take."""
    from ultralytics.models.yolo.classify import ClassificationTrainer
    from ultralytics.models.yolo.detect import DetectionTrainer
    from ultralytics.models.yolo.segment import SegmentationTrainer

    kinds = {DETECT: DetectionTrainer, SEGMENT: SegmentationTrainer, CLASSIFY: ClassificationTrainer}
    # Not called a Trainer: by that name ultralytics would add the callbacks that tell others of it.
    quiet = type("Quiet", (_Quiet, kinds[written.task]), {"written": written})
    try:
        return quiet(overrides=dict(settings), _callbacks=hearing.callbacks())
    except (SyntaxError, ValueError, TypeError, KeyError) as error:
        said = devices.first_line(error)
        raise BadRequest(f"ultralytics does not take these settings: {said}", "Correct the option 'train'") from error


def settings_of(written: Written, wishes: Wishes, seed: int, run: Path, device: str, means: Means) -> dict[str, Any]:
    """What the user set, then what lsal sets; `run/weights/last.pt`, if it is there, is gone on from."""
    last = run / "weights" / "last.pt"
    # ultralytics takes a step after 64 images, also where a set has only 40.
    theirs = {"nbs": nominal_batch(written.train), "seed": seed, **wishes.train}
    ours = {
        "task": written.task,
        "mode": "train",
        "model": "lsal.yaml",
        "data": "lsal.yaml",
        "imgsz": wishes.size,
        "epochs": wishes.epochs,
        "patience": wishes.patience or wishes.epochs,
        "batch": means.batch,
        "workers": means.loaders,
        "device": device,
        "save_dir": str(run),
        "exist_ok": True,
        "plots": False,
        "verbose": False,
        "pretrained": False,
    }
    return {**theirs, **ours, **({"resume": str(last)} if last.exists() else {})}


class _Quiet:
    """What a trainer of ultralytics does otherwise here: no look at files of its own, no second validation."""

    written: Written

    def __init__(self, *given: Any, **more: Any) -> None:
        import torch

        threads = torch.get_num_threads()
        super().__init__(*given, **more)
        torch.set_num_threads(threads)  # on the CPU it takes all but one

    def get_dataset(self) -> dict[str, Any]:
        return self.written.data()

    def auto_batch(self, *given: Any, **more: Any) -> int:
        fits: int = super().auto_batch(*given, **more)  # type: ignore[misc]
        return min(fits, useful_batch(self.written.train))

    def read_results_csv(self) -> dict[str, Any]:
        return {}

    def final_eval(self) -> None:
        """The best epoch was measured when it was over."""

    def _setup_train(self) -> None:
        with _half_precision_unasked():
            super()._setup_train()  # type: ignore[misc]


@contextmanager
def _half_precision_unasked() -> Iterator[None]:
    """To find out whether a GPU computes in half precision, ultralytics would download a network to compare."""
    from ultralytics.engine import trainer

    asked = trainer.check_amp
    trainer.check_amp = _computes_in_half
    try:
        yield
    finally:
        trainer.check_amp = asked


def _computes_in_half(model: Any) -> bool:
    """Only GPUs do, and of them the GTX 16 series wrongly."""
    import torch

    device = next(model.parameters()).device
    return device.type == "cuda" and "GTX 16" not in torch.cuda.get_device_name(device)
