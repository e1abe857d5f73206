"""What users' hooks get of a batch, its losses and its predictions: the containers of mm."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from mmlight.compat.data_sample import DataSample, DataSamples, to_samples
from mmlight.compat.scalars import is_scalar, to_numbers


def view_batch(batch: Any, generation: str) -> Any:
    """Return a batch with the entries that it has in mm.

    Args:
        batch: As our data module makes it; one of a user's `collate_fn` stays as it is.
        generation: '1.x' adds `data_samples`; '0.x' adds `img`, `img_metas` and `gt_label`.

    Returns:
        A dict with our entries as well: `inputs`, `target`, `metas`. Changing what stands in it
        changes nothing; the tensors are those of the batch.
    """
    if not (isinstance(batch, Mapping) and "inputs" in batch):
        return batch
    target: Any = batch.get("target")
    metas = batch.get("metas") or []
    if generation == "0.x":
        return {**batch, "img": batch["inputs"], "img_metas": metas, "gt_label": target}
    return {**batch, "data_samples": _add_metas(to_samples(target), metas)}


def view_losses(outputs: Any, batch: Any, generation: str, *, batches_per_step: int = 1) -> Any:
    """Return what a training step gave.

    Args:
        outputs: Losses by name; 'loss' is their sum.
        batch: The batch.
        generation: '1.x' has the losses as they are; in '0.x' they stand in `log_vars`, as numbers,
            which waits for the device.
        batches_per_step: See `undo_accumulation`.

    From: mmcls 0.25 `BaseClassifier.train_step`, but the numbers are those of this process.
    """
    if not isinstance(outputs, Mapping):
        return outputs
    outputs = undo_accumulation(outputs, batches_per_step)
    if generation != "0.x":
        return outputs
    values = to_log_vars(outputs)
    numbers = dict(zip(values, to_numbers([*values.values()]), strict=True))
    return {
        "loss": outputs.get("loss"),
        "log_vars": numbers,
        "num_samples": count_samples(batch),
    }


def undo_accumulation(outputs: Mapping[str, Any], batches_per_step: int) -> Mapping[str, Any]:
    """Return losses as the step gave them: Lightning divides 'loss' by the batches of a step."""
    if batches_per_step == 1 or "loss" not in outputs:
        return outputs
    return {**outputs, "loss": outputs["loss"] * batches_per_step}


def to_log_vars(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the single values of a training step under their names in mmcls, the sum last.

    Examples:
        >>> to_log_vars({"loss": 0.5, "accuracy_top-1": 25.0, "features": [0, 1]})
        {'top-1': 25.0, 'loss': 0.5}

    From: mmcls 0.25 `ClsHead.loss`, `BaseClassifier._parse_losses`.
    """
    values = {_to_old_name(name): value for name, value in outputs.items() if is_scalar(value)}
    if "loss" in values:
        values["loss"] = values.pop("loss")
    return values


@cache
def _to_old_name(name: str) -> str:
    return re.sub(r"^accuracy_(top-\d+)$", r"\1", name)


def count_samples(batch: Any) -> int:
    """Return the number of images of a batch; 1 where it does not tell."""
    inputs = batch.get("inputs") if isinstance(batch, Mapping) else None
    return len(inputs) if inputs is not None else 1


def view_predictions(outputs: Any, batch: Any) -> Sequence[DataSample]:
    """Return the predictions of a step of evaluation: one sample of 1.x for each image."""
    scores = outputs["scores"]
    known = to_samples(batch["target"]).batched if "target" in batch else {}
    # (B, K) -> (B, 1)
    labels = scores.argmax(dim=1, keepdim=True)
    samples = DataSamples(**(known or {}), pred_score=scores, pred_label=labels)
    return _add_metas(samples, batch.get("metas") or [])


def _add_metas(samples: DataSamples, metas: Sequence[Mapping[str, Any]]) -> Sequence[DataSample]:
    for sample, meta in zip(samples if metas else (), metas, strict=False):
        sample.set_metainfo(meta)
    return samples
