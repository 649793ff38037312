"""Networks: built from an architecture, read from a file, told the classes of another, kept as plain tensors."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal.errors import BadData, BadRequest
from lsal.models import devices, hub
from lsal.models.yolo import library
from lsal.models.yolo.wishes import CLASSIFY, DETECT, SEGMENT
from lsal.settings import cache_folder

log = logging.getLogger(__name__)

HEADS = {"Detect": DETECT, "v10Detect": DETECT, "Segment": SEGMENT, "Segment26": SEGMENT, "Classify": CLASSIFY}
"""Last layers that lsal can read, and what they are for."""
OURS = "Take one of ultralytics, such as yolo11n.yaml or yolo26s-seg.yaml, or give the path of your own"
TENSORS = "weights.safetensors"


@dataclass(frozen=True, slots=True)
class Net:
    """A torch module of ultralytics, and the names of its classes in the order of their columns."""

    module: Any
    task: str
    names: tuple[str, ...]


def architecture(model: str, task: str) -> dict[str, Any]:
    """The architecture that a yaml describes; raises BadRequest if there is none, or it is for another task."""
    library.load()
    from ultralytics.nn.tasks import yaml_model_load

    name = model if model.lower().endswith((".yaml", ".yml")) else f"{model}.yaml"
    if "://" in name:
        raise BadRequest(f"yolo fetches nothing from {model}", "Give the path of a file")
    try:
        found = dict(yaml_model_load(name))
    except FileNotFoundError:
        raise BadRequest(f"There is no architecture '{model}'", OURS) from None
    except Exception as error:  # whatever reading something else as yaml makes of it
        raise BadRequest(f"There is no architecture '{model}' ({devices.first_line(error)})", OURS) from None
    _need_task(model, found, task)
    return found


def build(yaml: Mapping[str, Any], task: str, names: Sequence[str]) -> Net:
    """A network of random weights for these classes; the caller sets the seed."""
    library.load()
    from ultralytics.nn.tasks import ClassificationModel, DetectionModel, SegmentationModel

    kind = {DETECT: DetectionModel, SEGMENT: SegmentationModel, CLASSIFY: ClassificationModel}[task]
    module = kind(deepcopy(dict(yaml)), ch=3, nc=len(names), verbose=False)
    module.names = dict(enumerate(names))
    return Net(module, task, tuple(names))


def read_weights(model: str, task: str) -> Net:
    """The network in a `.pt` file of ultralytics, read without executing what it may hold.

    Raises BadRequest for a file that is not here, does not load, or is for another task.
    """
    path = _found(model)
    library.load()
    from ultralytics.nn.tasks import load_checkpoint

    try:
        module, _ = load_checkpoint(path)
    except Exception as error:  # whatever pickle and torch make of a file that is none
        said = devices.first_line(error)
        raise BadRequest(f"{path} holds no network that loads ({said})", "Give another file") from error
    _need_task(model, getattr(module, "yaml", {}), task)
    return Net(module, task, tuple(str(name) for _, name in sorted(module.names.items())))


def carry_over(source: Net, target: Net, meaning: Mapping[str, str]) -> int:
    """Copy what fits of one network into another; returns how many classes came along.

    A class comes along where the names are the same, after `meaning` says what a name of the
    source is called in the target; the others begin afresh, also where the numbers are the same.
    """
    import torch

    columns = {meaning.get(name, name): column for column, name in enumerate(source.names)}
    biases = [layer.bias.detach().clone() for layer in _class_layers(target)]
    target.module.load(deepcopy(source.module).cpu(), verbose=False)
    with torch.no_grad():
        for layer, other, bias in zip(_class_layers(target), _class_layers(source), biases, strict=True):
            layer.reset_parameters()
            layer.bias.copy_(bias)
            if layer.weight.shape[1:] != other.weight.shape[1:]:  # of another size: only its body came along
                continue
            for row, name in enumerate(target.names):
                if name in columns:
                    layer.weight[row] = other.weight[columns[name]].float().to(layer.weight.device)
                    layer.bias[row] = other.bias[columns[name]].float().to(layer.bias.device)
    return sum(name in columns for name in target.names)


def write_net(net: Net, folder: Path) -> dict[str, Any]:
    """Write the tensors; what else `read_net` needs is returned, to be kept as JSON."""
    import torch
    from safetensors.torch import save_file

    tensors = {}
    for name, tensor in net.module.state_dict().items():
        half = tensor.half() if tensor.is_floating_point() else tensor
        tensors[name] = (half if torch.equal(half.to(tensor.dtype), tensor) else tensor).contiguous().cpu()
    save_file(tensors, folder / TENSORS)
    return {"yaml": net.module.yaml, "task": net.task, "names": list(net.names), "width": _width(net)}


def read_net(folder: Path, kept: Mapping[str, Any]) -> Net:
    """What `write_net` wrote. Raises BadData for tensors that are damaged or of another architecture."""
    library.load()
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    net = build(kept["yaml"], kept["task"], kept["names"])
    if _width(net) != kept["width"]:  # its head was taken over from a network with more classes
        net.module.load(build(kept["yaml"], kept["task"], [f"{n}" for n in range(kept["width"])]).module, verbose=False)
    try:
        net.module.load_state_dict(load_file(folder / TENSORS))
    except (SafetensorError, OSError, RuntimeError) as error:
        said = str(error).splitlines()[0]
        raise BadData(f"{folder} does not hold the weights it says ({said})", "Train again: lsal train") from error
    return Net(net.module.float().eval(), net.task, net.names)


def look_for(model: str) -> None:
    """Raise BadRequest if a `.pt` that the options name is not on this machine."""
    if model.endswith(".pt"):
        _found(model)


def _found(model: str) -> Path:
    """A file of weights, by its path or by its name among those that the user put into lsal's cache."""
    kept = cache_folder() / "weights" / Path(model).name
    for path in (hub.here(model), kept):
        if path.is_file():
            return path
    fix = f"Nothing is downloaded: put the file at {kept}, or give its path"
    raise BadRequest(f"There are no weights '{model}' here", fix)


def _need_task(model: str, yaml: Mapping[str, Any], task: str) -> None:
    head = yaml["head"][-1][2] if yaml.get("head") else "no layer that is known"
    if HEADS.get(head) != task:
        which = {DETECT: "yolo11n.yaml", SEGMENT: "yolo11n-seg.yaml", CLASSIFY: "yolo11n-cls.yaml"}[task]
        raise BadRequest(f"'{model}' ends in {head}, and this control needs one to {task}", f"Take one such as {which}")


def _class_layers(net: Net) -> list[Any]:
    """The layers with one row for each class."""
    head = net.module.model[-1]
    if net.task == CLASSIFY:
        return [head.linear]
    branches = [getattr(head, name, None) or () for name in ("cv3", "one2one_cv3")]
    return [branch[-1] for branch in (*branches[0], *branches[1])]


def _width(net: Net) -> int:
    """How wide the branch is that tells classes: it depends on the number that the network was first made for."""
    return int(_class_layers(net)[0].weight.shape[1])
