"""Calls a head of either generation: the classifier's one way to scores and losses."""

from typing import Any

from torch import Tensor

from mmlight.compat.data_sample import find_scores, takes, to_samples
from mmlight.models.targets import Target


def predict_scores(head: Any, features: Any) -> Tensor:
    """Return the scores `(B, K)` that a head of 0.x or 1.x gives for features."""
    if hasattr(head, "simple_test"):  # in the style of 0.x
        raw = {"post_process": False} if takes(head.simple_test, "post_process") else {}
        return find_scores(head.simple_test(features, **raw))
    return find_scores(head.predict(features))


def compute_losses(
    head: Any, features: Any, target: Target, labels: Target | None = None
) -> dict[str, Any]:
    """Return the losses and accuracies that a head of 0.x or 1.x gives for features, by name.

    Args:
        head: One of 0.x computes its logits in `forward_train`, its `loss` is for logits. The
            `loss` of one of 1.x takes samples, if that is what its parameter is called, that of one
            of ours the target.
        features: What the backbone or the neck gives.
        target: int64 `(B,)`, float `(B, K)`, or several classes for each image.
        labels: The target before it became soft.
    """
    losses: dict[str, Any]
    if hasattr(head, "forward_train"):
        losses = head.forward_train(features, target)
    elif takes(head.loss, "data_samples"):
        losses = head.loss(features, to_samples(target, labels))
    else:
        beside = {"labels": labels} if getattr(head, "uses_labels", False) else {}
        losses = head.loss(features, target, **beside)
    return losses
