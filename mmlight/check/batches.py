"""Reads the data of each stage and sends a batch of it through the model."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from mmlight.build import refused_by_class
from mmlight.check.construct import BROKEN, construct, fails, has_broken
from mmlight.check.findings import Findings
from mmlight.check.loaders import build_loader, without_data
from mmlight.check.network import Network
from mmlight.check.samples import examine_files, examine_labels, read_samples
from mmlight.data.collate import collate
from mmlight.errors import DataError
from mmlight.module import ImageClassifier
from mmlight.spec import Call, Spec
from mmlight.upgrade.shape import STAGES

SMALL: Final = 30_000_000
"""A network of more parameters computes only shapes, no values."""
NETWORK: Final = ("backbone", "neck", "head", "preprocessor", "batch_augments")
BATCH: Final = 2


def examine_data(spec: Spec, network: Network, metrics: Mapping[str, Any], found: Findings) -> None:
    """Read the data of every stage and run a batch of each.

    Args:
        spec: Without arguments that a class does not take.
        network: What was found about the network.
        metrics: The metrics by stage.
        found: Gets what is wrong with files, labels, samples and batches.
    """
    sound = network.is_whole and not found.concern("model", "data_preprocessor")
    model = _build(spec, network) if sound else None
    done: list[Any] = []
    for stage in STAGES:
        call = spec.data.get(stage)
        data = call.kwargs.get("dataset") if isinstance(call, Call) else None
        if not isinstance(call, Call) or not isinstance(data, Call) or data in done:
            continue
        done.append(data)
        samples = _examine_stage(stage, call, data, network, found)
        batch = _collate(call, samples[:BATCH], found)
        if model is not None and isinstance(batch, dict) and "inputs" in batch:
            _run(model, stage, batch, metrics.get(stage, ()), spec, found)


def _examine_stage(
    stage: str, call: Call, data: Call, network: Network, found: Findings
) -> list[Any]:
    dataset = construct(data, found)
    config = construct(without_data(call), Findings())
    if dataset is BROKEN:
        return []
    if not (hasattr(dataset, "__len__") and len(dataset)):
        sized = "is empty" if hasattr(dataset, "__len__") else f"has no length, it is {dataset!r}"
        found.add(DataError(data.path, f"the dataset {sized}", origin=data.origin or ""))
        return []
    if config is not BROKEN:
        config.dataset = dataset
        _count_batches(stage, call, config, found)
    is_right = examine_labels(data, dataset, network.num_classes, found)
    examine_files(data, dataset, found)
    samples = read_samples(data, dataset, found)
    return samples if is_right else []


def _count_batches(stage: str, call: Call, config: Any, found: Findings) -> None:
    try:
        batches = len(build_loader(stage, config))
    except Exception:  # an endless sampler, or one that has been told about
        return
    if not batches:
        key = "batch_size"
        found.add(
            DataError(
                f"{call.path}.{key}",
                f"{len(config.dataset)} samples do not fill a batch of {config.batch_size}, "
                "and drop_last leaves out what is not full",
                origin=call.origins.get(key) or call.origin or "",
                expected=f"a batch_size of at most {len(config.dataset)}",
                next_step="Make batch_size smaller, or set drop_last=False.",
            )
        )


def _collate(call: Call, samples: Sequence[Any], found: Findings) -> Any:
    if not samples:
        return None
    try:
        return (construct(call.kwargs.get("collate_fn"), Findings()) or collate)(samples)
    except Exception as error:
        found.add(fails(call, error, doing="make a batch of its samples"))
        return None


# -------------------------------------------------------------------------- through the model


def _build(spec: Spec, network: Network) -> ImageClassifier | None:
    """Build a small network for real; a large one stays on the meta device."""
    parts = {name: network.parts[name] for name in NETWORK}
    modules = [part for part in parts.values() if isinstance(part, nn.Module)]
    size = sum(parameter.numel() for part in modules for parameter in part.parameters())
    if size <= SMALL:
        parts = {name: construct(spec.model.get(name), Findings()) for name in NETWORK}
        if has_broken(parts.values()):
            return None
    return ImageClassifier(**parts).eval()


def _run(
    model: ImageClassifier,
    stage: str,
    batch: dict[str, Any],
    metrics: Sequence[Any],
    spec: Spec,
    found: Findings,
) -> None:
    head = spec.model.get("head")
    call = head if isinstance(head, Call) else spec.model["backbone"]
    batch = {**batch, "inputs": _to(batch["inputs"], model)}
    try:
        with torch.inference_mode():
            scores = model(batch["inputs"])
            values = [scores]
            if stage == "train" and "target" in batch and model.head is not None:
                target = {"target": _to(batch["target"], model)}
                values.append(model.training_step({**batch, **target}, 0)["loss"])
            for metric in metrics if not scores.is_meta else ():
                metric.update(scores, batch["target"])
                metric.reset()
    except ValueError as error:
        found.add(refused_by_class(call, error))
    except Exception as error:
        whole = Call("mmlight.module.ImageClassifier", path="model", origin=call.origin)
        found.add(fails(whole, error, doing=f"compute a batch of {stage}"))
    else:
        if not all(value.is_meta or bool(value.isfinite().all()) for value in values):
            found.add(
                DataError(
                    f"{stage}_dataloader",
                    "the model makes values that are not finite of the first batch",
                    next_step="Look at mean and std of the preprocessor, and at the images.",
                )
            )


def _to(value: Any, model: nn.Module) -> Any:
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    if isinstance(value, list):
        return [item.to(device) for item in value]
    return value.to(device) if isinstance(value, Tensor) else value
