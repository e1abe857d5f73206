"""What is said of an image by the scores of its classes."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from mmlight.models.heads.multi_label_head import MultiLabelClsHead


def describe_scores(scores: Tensor, head: Any, classes: Sequence[str]) -> dict[str, Any]:
    """Name the best class.

    Args:
        scores: float32 `(K,)` on the CPU.
        head: Says by `choose_labels` which of several classes it finds.
        classes: Class names, as far as known.

    Returns:
        `pred_label` (int), `pred_score` (float), `pred_class` (str) and `pred_scores` (float32
        array `(K,)`). For several classes per image the first three are lists.
    """

    def name(label: int) -> str:
        return classes[label] if label < len(classes) else str(label)

    if isinstance(head, MultiLabelClsHead):
        labels = head.choose_labels(scores.unsqueeze(0))[0].tolist()
        return {
            "pred_label": labels,
            "pred_score": [float(scores[label]) for label in labels],
            "pred_class": [name(label) for label in labels],
            "pred_scores": scores.numpy(),
        }
    label = int(scores.argmax())
    return {
        "pred_label": label,
        "pred_score": float(scores[label]),
        "pred_class": name(label),
        "pred_scores": scores.numpy(),
    }
