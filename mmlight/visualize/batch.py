"""Shows samples as a batch, the way the network sees it: before and after batch augments."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from mmlight.build import instantiate
from mmlight.check.calls import check_calls
from mmlight.data.collate import collate
from mmlight.data.workers import seed_rng
from mmlight.errors import ConfigError, raise_all
from mmlight.spec import Spec
from mmlight.stage_data import StageData
from mmlight.translate.translate import Translation
from mmlight.visualize.labels import list_classes
from mmlight.visualize.sample import Sample
from mmlight.visualize.sheet import Block, Cell
from mmlight.visualize.to_rgb import Meaning, list_images, to_rgb

PARTS = ("preprocessor", "batch_augments")
OWNERS = ("data_preprocessor", "model.data_preprocessor", "model.train_cfg")


def build_batch_parts(translation: Translation) -> dict[str, Any]:
    """Build the preprocessor and the batch augments of a config, and nothing else of its model.

    Raises:
        MMLightError: If they cannot be translated or built.
    """
    raise_all([error for error in translation.errors if error.path.startswith(OWNERS)])
    model = {name: translation.spec.model.get(name) for name in PARTS}
    check_calls(Spec(model={name: part for name, part in model.items() if part is not None}))
    return {name: instantiate(part) for name, part in model.items()}


def make_blocks(
    data: StageData, samples: Sequence[Sample], parts: dict[str, Any], *, seed: int
) -> list[Block]:
    """Make a batch of samples, and show it.

    Args:
        data: Where they come from.
        samples: At least one, none of them rejected by the pipeline.
        parts: `preprocessor` and `batch_augments`, or None each.
        seed: For the batch augments.

    Returns:
        The batch as the preprocessor leaves it and, in training, what batch augments make of it.

    Raises:
        ConfigError: If the samples are no dicts with 'inputs', or hold several views each.
    """
    batch = _collate(data, samples)
    preprocessor, augments = parts["preprocessor"], parts["batch_augments"]
    images, targets = batch["inputs"], batch.get("target")
    meaning = samples[0].views[-1].meaning
    with torch.inference_mode():
        if preprocessor is not None:
            images = preprocessor(images)
            meaning = _after(preprocessor, meaning)
            targets = None if targets is None else preprocessor.prepare_targets(targets)
        blocks = [_to_block("before batch augments", images, targets, data, meaning)]
        if augments is None or data.stage != "train" or targets is None:
            return [Block(blocks[0].cells, "as the network sees it")]
        seed_rng(seed)
        chosen: list[str] = []
        if hasattr(augments, "augments"):
            augments.augments = [_Told(augment, chosen) for augment in augments.augments]
        images, targets = augments(images, targets)
    title = f"after {chosen[-1] if chosen else type(augments).__name__}"
    return [*blocks, _to_block(title, images, targets, data, meaning)]


def _collate(data: StageData, samples: Sequence[Sample]) -> dict[str, Any]:
    join: Callable[[Any], Any] = instantiate(data.call.kwargs.get("collate_fn")) or collate
    results = [sample.result for sample in samples]
    batch = join(results) if isinstance(results[0], dict) else results[0]
    inputs = batch.get("inputs") if isinstance(batch, dict) else None
    is_nested = isinstance(inputs, list) and len(inputs) != len(samples)
    if inputs is None or is_nested or isinstance(results[0].get("inputs"), list):
        kind = "several views" if inputs is not None else "no 'inputs'"
        raise ConfigError(
            "--batch",
            f"the samples of {data.stage} have {kind}",
            expected="dicts with 'inputs' and 'target', as PackInputs makes them",
            next_step="Look at them without --batch.",
        )
    return dict(batch)


def _after(preprocessor: Any, meaning: Meaning) -> Meaning:
    """Return what the values mean after a preprocessor like ours."""
    meaning = meaning.flip() if getattr(preprocessor, "to_rgb", False) else meaning
    mean, std = getattr(preprocessor, "mean", None), getattr(preprocessor, "std", None)
    if not isinstance(mean, Tensor) or not isinstance(std, Tensor):
        return meaning
    return Meaning(meaning.order, tuple(mean.flatten().tolist()), tuple(std.flatten().tolist()))


def _to_block(title: str, images: Any, targets: Any, data: StageData, meaning: Meaning) -> Block:
    labels = [None] * len(images) if targets is None else list(targets)
    cells = [
        Cell(
            [to_rgb(one, meaning) for one in list_images(image)],
            list_classes(label, data.classes) or ["no label"],
        )
        for image, label in zip(images, labels, strict=True)
    ]
    return Block(cells, title)


class _Told:
    """A batch augment that tells its name when it is chosen."""

    def __init__(self, augment: Any, chosen: list[str]) -> None:
        self.augment = augment
        self.chosen = chosen

    def __call__(self, inputs: Tensor, scores: Tensor) -> Any:
        self.chosen.append(type(self.augment).__name__)
        return self.augment(inputs, scores)
