"""What users' hooks get of a batch, its losses and its predictions: the containers of mm."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from mmlight.compat.data_sample import DataSample, DataSamples, to_samples


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


def view_losses(outputs: Any, batch: Any, generation: str) -> Any:
    """Return what a training step gave.

    Args:
        outputs: Losses by name; 'loss' is their sum.
        batch: The batch.
        generation: '1.x' has the losses as they are; in '0.x' they stand in `log_vars`, as numbers
            that are taken from the device when somebody asks for them.
    """
    if generation != "0.x" or not isinstance(outputs, Mapping):
        return outputs
    target = batch.get("target") if isinstance(batch, Mapping) else None
    size = len(target) if target is not None else 1
    return {"loss": outputs.get("loss"), "log_vars": Numbers(outputs), "num_samples": size}


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


class Numbers(dict[str, Any]):
    """Values by name, where a tensor of one element is given out as a number."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        return value.item() if isinstance(value, Tensor) and value.numel() == 1 else value

    def get(self, key: str, default: Any = None) -> Any:
        """Return the number of this name, or the default."""
        return self[key] if key in self else default  # noqa: SIM401 - `get` would call itself

    def values(self) -> Any:
        """Return all numbers."""
        return [self[key] for key in self]

    def items(self) -> Any:
        """Return all names with their numbers."""
        return [(key, self[key]) for key in self]
