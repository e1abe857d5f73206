"""Translates `workflow` of 0.x: training alone, or in turn with losses of the validation data."""

from typing import Any

from mmlight.spec import Call
from mmlight.translate.runtime import Loop
from mmlight.translate.section import Section

EXPECTED = "[('train', 1)] or [('train', n), ('val', m)]"


def translate_workflow(top: Section, loop: Loop) -> list[Call]:
    """Return the callback that computes losses of the validation data, where they are asked for.

    From: mmcls 0.25 `train_model`; mmcls builds data for two entries at most.
    """
    flows = top.take("workflow")
    if flows is None:
        return []
    counts = _read(flows)
    modes = [mode for mode, _ in counts]
    if modes == ["train"]:
        top.use("workflow", "so it is here in any case")
        return []
    if modes != ["train", "val"]:
        top.refuse("workflow", expected=EXPECTED)
        return []
    if not loop.by_epoch:
        text = "Compute it by epochs: runner=dict(type='EpochBasedRunner', ...)."
        top.refuse("workflow", "losses of validation need an epoch-based run", next_step=text)
        return []
    if top.node.get("val_loss_dataloader") is None:
        top.refuse("workflow", "there are no data for 'val'", next_step="Set data.val.")
        return []
    epochs, passes = (count for _, count in counts)
    call = Call(
        "mmlight.callbacks.ValidationLoss",
        {"epochs": epochs, "passes": passes},
        path="workflow",
        origin=top.origin_of("workflow"),
    )
    return [call]


def _read(flows: Any) -> list[tuple[Any, int]]:
    """Return mode and count of each entry; none where one is something else."""
    if not isinstance(flows, (list, tuple)):
        return []
    pairs = [tuple(flow) for flow in flows if isinstance(flow, (list, tuple)) and len(flow) == 2]
    is_counted = all(isinstance(count, int) and count > 0 for _, count in pairs)
    return pairs if len(pairs) == len(flows) and is_counted else []
