"""The data preprocessor against that of mmpretrain: pixels, labels and the augments inside."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mmlight.build import build_model
from mmlight.models.preprocessor import ImagePreprocessor
from mmlight.read.config import Config
from mmlight.translate.translate import translate_config
from tests.reference.original import Original


def theirs(cfg, inputs, labels, training):
    import numpy as np
    import torch
    from mmpretrain.models import ClsDataPreprocessor
    from mmpretrain.structures import DataSample

    samples = [DataSample().set_gt_label(label) for label in labels]
    torch.manual_seed(0)
    np.random.seed(0)
    data = ClsDataPreprocessor(**cfg)({"inputs": inputs, "data_samples": samples}, training)
    scores = [sample.gt_score for sample in data["data_samples"] if "gt_score" in sample]
    return data["inputs"], torch.stack(scores) if scores else None


def images(*sizes: tuple[int, int], channels: int = 3) -> list[Tensor]:
    draw = torch.Generator().manual_seed(2)
    shapes = [(channels, *size) for size in sizes]
    return [torch.randint(256, shape, generator=draw, dtype=torch.uint8) for shape in shapes]


STATS = {"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]}
CASES = [
    {},
    {"to_rgb": True},
    {**STATS},
    {**STATS, "to_rgb": True, "pad_size_divisor": 8, "pad_value": 7},
    {"mean": [72.94], "std": [90.02]},
    {"to_onehot": True, "num_classes": 5},
]


@pytest.mark.parametrize("cfg", CASES, ids=str)
@pytest.mark.parametrize("sizes", [[(9, 7)] * 3, [(9, 7), (6, 11), (8, 8)]], ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_batch_equals(
    mmpretrain: Original, cfg: dict[str, Any], sizes: list[tuple[int, int]], channels: int
) -> None:
    inputs, labels = images(*sizes, channels=channels), [2, 0, 4]
    expected, scores = mmpretrain(theirs, cfg, inputs, labels, False)
    prepare = ImagePreprocessor(**cfg)
    torch.testing.assert_close(prepare(inputs), expected, rtol=0, atol=0)
    if len(set(sizes)) == 1:
        torch.testing.assert_close(prepare(torch.stack(inputs)), expected, rtol=0, atol=0)
    targets = prepare.prepare_targets(torch.tensor(labels))
    if scores is None:
        assert targets.tolist() == labels  # type: ignore[union-attr]
    else:
        assert torch.equal(targets, scores.float())  # type: ignore[arg-type]


def test_several_classes_per_image_equal(mmpretrain: Original) -> None:
    cfg = {"to_onehot": True, "num_classes": 5}
    labels = [[0, 3], [2], [4, 1, 0]]
    _, scores = mmpretrain(theirs, cfg, images((4, 4), (4, 4), (4, 4)), labels, False)
    targets = ImagePreprocessor(**cfg).prepare_targets([torch.tensor(row) for row in labels])  # type: ignore[arg-type]
    assert torch.equal(targets, scores.float())  # type: ignore[arg-type]


@pytest.mark.parametrize("labels", [[2, 0, 4, 1], [[0, 3], [2], [4, 1, 0], [1]]], ids=str)
def test_augments_inside_equal(mmpretrain: Original, labels: list[Any]) -> None:
    augments = {"augments": [{"type": "Mixup", "alpha": 0.8}, {"type": "CutMix", "alpha": 1.0}]}
    cfg = {**STATS, "num_classes": 5, "batch_augments": {**augments, "probs": [0.5, 0.4]}}
    inputs = images(*[(8, 9)] * 4)
    expected, scores = mmpretrain(theirs, cfg, inputs, labels, True)
    model = {"type": "ImageClassifier", "backbone": {"type": "LeNet5"}, "data_preprocessor": cfg}
    ours = build_model(translate_config(Config({"model": model})))
    many = isinstance(labels[0], list)
    target = [torch.tensor(row) for row in labels] if many else torch.tensor(labels)
    torch.manual_seed(0)
    np.random.seed(0)
    mixed, mixed_target = ours.batch_augments(
        ours.preprocess(inputs), ours.preprocessor.prepare_targets(target)
    )
    assert torch.equal(mixed, expected)
    assert torch.equal(mixed_target, scores)
