"""Names thresholds of scores, and tells targets of one label from others."""

from collections.abc import Sequence

from torch import Tensor

from mmlight.data.transforms.contract import Generation

Threshold = float | None


def mark_thresholds(thrs: Threshold | Sequence[Threshold], generation: Generation) -> list[str]:
    """Return what stands behind the name of a value, for each threshold.

    Examples:
        >>> mark_thresholds((0.1, None), "1.x"), mark_thresholds([0.1], "1.x")
        (['_thr-0.10', '_no-thr'], [''])
        >>> mark_thresholds((0.1,), "0.x"), mark_thresholds(0.1, "0.x")
        (['_thr_0.10'], [''])
    """
    if not isinstance(thrs, Sequence) or (len(thrs) == 1 and generation == "1.x"):
        return [""]
    sign = "-" if generation == "1.x" else "_"
    return ["_no-thr" if thr is None else f"_thr{sign}{thr:.2f}" for thr in thrs]


def check_one_label(target: Tensor) -> None:
    """Raise a ValueError where samples have several labels.

    Args:
        target: Labels, int64 `(B,)`.
    """
    shape = getattr(target, "shape", None)
    if shape is None or len(shape) != 1:
        got = f"the shape {tuple(shape)}" if shape is not None else f"a list of {len(target)}"
        raise ValueError(
            f"target must hold one label per sample, (B,), got {got}:"
            " this metric is not defined for several"
        )
