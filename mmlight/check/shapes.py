"""Tells where what one part of a network gives is not what the next one takes."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from mmlight.check.blank import Shape
from mmlight.check.findings import Findings
from mmlight.check.trace import Failure, shapes_of
from mmlight.errors import UnsupportedValueError
from mmlight.spec import Call


def find_stem_channels(backbone: nn.Module) -> int | None:
    """Return how many channels the first convolution takes; None where there is none."""
    stem = next((m for m in backbone.modules() if isinstance(m, nn.modules.conv._ConvNd)), None)
    return None if stem is None else stem.in_channels


def tell_backbone(
    call: Call, backbone: nn.Module, images: tuple[str, Shape], failure: Failure, found: Findings
) -> None:
    """Tell that a backbone cannot take the images of a stage.

    Args:
        call: What the Spec says about the backbone.
        backbone: The backbone.
        images: The stage and the shape `(C, H, W)` of its images.
        failure: What happened.
        found: Gets the problem, or a note where it is no problem of shapes.
    """
    stage, shape = images
    if failure.is_about_meta:
        _note_untraced(call, failure, found)
        return
    channels = find_stem_channels(backbone)
    if channels is None or channels == shape[0]:
        found.add(
            UnsupportedValueError(
                call.path,
                f"the backbone cannot take the images of {stage}, {shape}: {failure}",
                origin=call.origin or "",
                expected="images of the size that the backbone is made for",
                next_step="Correct the sizes in the pipeline, or the arguments of the backbone.",
            )
        )
        return
    key = ".in_channels" if "in_channels" in call.kwargs else ""
    found.add(
        UnsupportedValueError(
            f"{call.path}{key}",
            f"the backbone takes images of {channels} channels, those of {stage} have {shape[0]}",
            origin=call.origins.get("in_channels") or call.origin or "",
            expected=f"in_channels={shape[0]}, or images of {channels} channels",
            next_step="Correct in_channels, or the color_type of LoadImageFromFile.",
        )
    )


def compare_parts(
    call: Call, parts: tuple[str, str], features: Any, failure: Failure | None, found: Findings
) -> None:
    """Compare what one part gives with what the next takes.

    Args:
        call: What the Spec says about the part that takes.
        parts: Names of the part that gives and of the one that takes.
        features: What is given.
        failure: Why the part could not be run; None when it could, or was not tried.
        found: Gets the problem.
    """
    giver, taker = parts
    shapes = shapes_of(features)
    told = bool(shapes) and _tell_in_channels(call, giver, shapes, failure, found)
    if failure is None:
        return
    # a linear layer would take the last dimension of a map for its channels
    pools = isinstance(failure.layer, nn.Linear) and bool(shapes) and len(shapes[-1]) == 4
    if told and not pools:
        return
    if failure.is_about_meta:
        _note_untraced(call, failure, found)
        return
    neck = "Put neck=dict(type='GlobalAveragePooling') between them."
    found.add(
        UnsupportedValueError(
            call.path,
            f"the {taker} cannot take what the {giver} gives, "
            f"{' and '.join(map(str, shapes))}: {failure}",
            origin=call.origin or "",
            expected="one vector (B, C) for each image" if pools else "",
            next_step=neck if pools else "Correct the arguments of either.",
        )
    )


def _tell_in_channels(
    call: Call,
    giver: str,
    shapes: Sequence[tuple[int, ...]],
    failure: Failure | None,
    found: Findings,
) -> bool:
    """Tell when `in_channels` is not what the part before gives; one number is about the last."""
    value = call.kwargs.get("in_channels")
    given = [shape[2 if len(shape) == 3 else 1] for shape in shapes if len(shape) > 1]
    if not given or (failure is None and not call.target.startswith("mmlight.")):
        return False  # a part of the user that runs may mean something else by that word
    if isinstance(value, int):
        real: Any = given[-1]
    elif isinstance(value, (list, tuple)) and len(value) == len(given):
        real = type(value)(given)
    else:
        return False
    if value == real:
        return False
    found.add(
        UnsupportedValueError(
            f"{call.path}.in_channels",
            f"in_channels is {value!r}, the {giver} gives {real!r} channels",
            origin=call.origins.get("in_channels") or call.origin or "",
            expected=f"in_channels={real!r}",
            next_step=f"Set in_channels={real!r}.",
        )
    )
    return True


def tell_scores(call: Call, scores: Tensor, found: Findings) -> None:
    """Tell that a head gives something else than one row of scores for each image."""
    found.add(
        UnsupportedValueError(
            call.path,
            f"the head gives scores of shape {tuple(scores.shape)}",
            origin=call.origin or "",
            expected="(B, K), one row of K scores for each image",
            next_step="Use a head that ends in a linear layer, and a neck that pools.",
        )
    )


def _note_untraced(call: Call, failure: Failure, found: Findings) -> None:
    found.note(call.path, f"Shapes were not compared from here on: {failure}.", call.origin)
