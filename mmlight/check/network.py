"""Builds the network of a Spec without memory and runs it, part by part, for its shapes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor, nn

from mmlight.build import refused_by_class
from mmlight.check.blank import Shape
from mmlight.check.construct import BROKEN, construct, has_broken
from mmlight.check.findings import Findings
from mmlight.check.shapes import compare_parts, find_stem_channels, tell_backbone, tell_scores
from mmlight.check.trace import run_traced
from mmlight.compat.head_calls import compute_losses, predict_scores
from mmlight.errors import UnsupportedValueError
from mmlight.spec import Call, Spec

PARTS: Final = ("backbone", "neck", "head", "preprocessor", "batch_augments", "init_cfg")
BATCH: Final = 2
USUAL_SIZE: Final = 224


@dataclass
class Network:
    """The parts of a classifier on the meta device.

    Args:
        parts: Live parts by name; None where the Spec has none, `BROKEN` where it could not be
            made.
        calls: What the Spec says about them.
        num_classes: Number of classes `K` that the network tells apart, where that is known.
    """

    parts: Mapping[str, Any]
    calls: Mapping[str, Call] = field(default_factory=dict)
    num_classes: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every part could be made."""
        built = isinstance(self.parts["backbone"], nn.Module)
        return built and not has_broken(self.parts.values())


def examine_network(spec: Spec, shapes: Mapping[str, Shape], found: Findings) -> Network:
    """Build backbone, neck and head on the meta device and run them.

    Args:
        spec: Without arguments that a class does not take.
        shapes: Shape `(C, H, W)` of an image of each stage, as far as known.
        found: Gets what they refuse, and where what one gives is not what the next takes.
    """
    network = build_network(spec, found)
    _examine_mean(network, shapes, found)
    backbone = network.parts["backbone"]
    if isinstance(backbone, nn.Module):
        for stage, shape in (shapes or {"": _guess_shape(backbone)}).items():
            if not _run(network, stage, shape, found):
                break
        _examine_img_size(network, shapes, found)
    if network.num_classes is None:
        network.num_classes = _find_num_classes(spec)
    return network


def build_network(spec: Spec, found: Findings) -> Network:
    """Build the parts of a classifier on the meta device, in eval mode."""
    parts = {}
    with torch.device("meta"):
        for name in PARTS:
            parts[name] = construct(spec.model.get(name), found)
    for part in parts.values():
        if isinstance(part, nn.Module):
            part.to("meta").eval()
    calls = {name: spec.model[name] for name in PARTS if isinstance(spec.model.get(name), Call)}
    return Network(parts, calls)


def _guess_shape(backbone: nn.Module) -> Shape:
    """Return the shape of an image that the backbone is probably made for."""
    size = getattr(backbone, "img_size", USUAL_SIZE)
    height, width = size if isinstance(size, (tuple, list)) else (size, size)
    return (find_stem_channels(backbone) or 3, height, width)


# -------------------------------------------------------------------------- part by part


def _run(network: Network, stage: str, shape: Shape, found: Findings) -> bool:
    """Send a batch of a stage through the parts; tell whether all went well."""
    backbone, neck, head = (network.parts[name] for name in ("backbone", "neck", "head"))
    images = torch.zeros((BATCH, *shape), device="meta")
    features, failure = run_traced(backbone, lambda: backbone(images))
    if failure is not None:
        if stage:  # else the shape is but a guess
            tell_backbone(network.calls["backbone"], backbone, (stage, shape), failure, found)
        return False
    giver, given = "backbone", features
    if isinstance(neck, nn.Module):
        features, failure = run_traced(neck, lambda: neck(given))
        compare_parts(network.calls["neck"], ("backbone", "neck"), given, failure, found)
        giver = "neck"
    if neck is BROKEN or failure is not None or "head" not in network.calls:
        return failure is None
    scores = None
    if isinstance(head, nn.Module):
        scores, failure = run_traced(head, lambda: _score(head, features))
    compare_parts(network.calls["head"], (giver, "head"), features, failure, found)
    if isinstance(scores, Tensor):
        if scores.ndim == 2:
            network.num_classes = scores.shape[1]
            _examine_loss(network, features, found)
        else:
            tell_scores(network.calls["head"], scores, found)
    return failure is None


def _score(head: Any, features: Any) -> Any:
    if hasattr(head, "simple_test") or hasattr(head, "predict"):
        return predict_scores(head, features)
    return head(features)


def _examine_loss(network: Network, features: Any, found: Findings) -> None:
    """Compute the loss of soft or hard labels, as training will, for what the head refuses."""
    head = network.parts["head"]
    if network.parts["batch_augments"] is None:
        target = torch.zeros(BATCH, dtype=torch.int64, device="meta")
    else:
        target = torch.zeros((BATCH, network.num_classes or 1), device="meta")
    if hasattr(head, "loss"):
        _, failure = run_traced(head, lambda: compute_losses(head, features, target))
        if failure is not None and isinstance(failure.error, ValueError):
            refused = refused_by_class(network.calls["head"], failure.error)
            if not refused.path.endswith(".topk"):  # `examine_metrics` tells that
                found.add(refused)


# -------------------------------------------------------------------------- single facts


def _find_num_classes(spec: Spec) -> int | None:
    """Return what the config says where the network could not be run."""
    for name in ("head", "backbone"):
        call = spec.model.get(name)
        number = call.kwargs.get("num_classes") if isinstance(call, Call) else None
        if isinstance(number, int) and number > 0:
            return number
    return None


def _examine_mean(network: Network, shapes: Mapping[str, Shape], found: Findings) -> None:
    """Compare the values of `mean` with the channels of the images."""
    call = network.calls.get("preprocessor")
    mean = getattr(network.parts["preprocessor"], "mean", None)
    count = len(mean) if isinstance(mean, Tensor) else 0  # (C, 1, 1)
    wrong = [item for item in shapes.items() if count not in (0, 1, item[1][0])]
    if call is None or not wrong:
        return
    stage, shape = wrong[0]
    found.add(
        UnsupportedValueError(
            f"{call.path}.mean",
            f"mean has {count} values, the images of {stage} have {shape[0]} channels",
            origin=call.origins.get("mean") or call.origin or "",
            expected=f"{shape[0]} values, and as many of std",
            next_step="Correct mean and std, or the color_type of LoadImageFromFile.",
        )
    )


def _examine_img_size(network: Network, shapes: Mapping[str, Shape], found: Findings) -> None:
    """Note where a position embedding is resized in every step."""
    call = network.calls["backbone"]
    size = call.kwargs.get("img_size")
    if size is None:
        return
    wanted = (size, size) if isinstance(size, int) else tuple(size)
    others = {stage: shape[1:] for stage, shape in shapes.items() if shape[1:] != wanted}
    if others:
        seen = ", ".join(f"{height}x{width}" for height, width in dict.fromkeys(others.values()))
        text = f"img_size is {size}, the images of {', '.join(others)} are {seen}."
        found.note(f"{call.path}.img_size", text, call.origins.get("img_size") or call.origin)
