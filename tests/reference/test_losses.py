"""Losses against the originals, by value and by gradient."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmlight.models.losses.cross_entropy_loss import CrossEntropyLoss
from mmlight.models.losses.label_smooth_loss import LabelSmoothLoss
from tests.reference.original import Original

OURS: dict[str, type[nn.Module]] = {
    "CrossEntropyLoss": CrossEntropyLoss,
    "LabelSmoothLoss": LabelSmoothLoss,
}
WEIGHTS = [0.5, 2.0, 1.0, 0.1, 3.0]


@pytest.fixture(params=["mmcls", "mmpretrain"])
def original(request: pytest.FixtureRequest) -> Original:
    process: Original = request.getfixturevalue(request.param)
    return process


def theirs(cfg, score, label, kwargs):
    try:
        import mmpretrain.models  # noqa: F401
        from mmpretrain.registry import MODELS

        loss = MODELS.build(cfg)
    except ImportError:
        from mmcls.models import build_loss

        loss = build_loss(cfg)
    score.requires_grad_()
    value = loss(score, label, **kwargs)
    value.sum().backward()
    return value.detach(), score.grad


def compare(original: Original, cfg: dict[str, Any], label: Tensor, **kwargs: Any) -> None:
    torch.manual_seed(0)
    score = torch.randn(8, 5)
    expected, expected_grad = original(theirs, cfg, score, label, kwargs)
    arguments = {key: value for key, value in cfg.items() if key != "type"}
    score.requires_grad_()
    value = OURS[cfg["type"]](**arguments)(score, label, **kwargs)
    value.sum().backward()
    torch.testing.assert_close(value.detach(), expected, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(score.grad, expected_grad, rtol=1e-6, atol=1e-7)


def index_label() -> Tensor:
    return torch.tensor([0, 4, 2, 2, 1, 3, 0, 4])


def soft_label() -> Tensor:
    return torch.softmax(torch.randn(8, 5, generator=torch.Generator().manual_seed(3)), dim=1)


def many_label() -> Tensor:
    return (soft_label() > 0.2).float()


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"avg_factor": 3},
        {"reduction_override": "sum"},
        {"reduction_override": "none"},
        {"weight": torch.arange(8)},
        {"weight": torch.arange(8), "avg_factor": 5},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("form", "label"),
    [
        ({}, index_label()),
        ({}, soft_label()),
        ({"use_soft": True}, soft_label()),
        ({"use_sigmoid": True}, many_label()),
        ({"use_sigmoid": True, "pos_weight": WEIGHTS}, many_label()),
    ],
)
@pytest.mark.parametrize("class_weight", [None, WEIGHTS])
def test_cross_entropy_equals(
    original: Original,
    form: dict[str, Any],
    label: Tensor,
    class_weight: list[float] | None,
    kwargs: dict[str, Any],
) -> None:
    cfg = {"type": "CrossEntropyLoss", "loss_weight": 0.7, "class_weight": class_weight, **form}
    compare(original, cfg, label, **kwargs)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_equals_when_reduction_is_set(original: Original, reduction: str) -> None:
    compare(original, {"type": "CrossEntropyLoss", "reduction": reduction}, index_label())


@pytest.mark.parametrize("mode", ["original", "classy_vision", "multi_label"])
@pytest.mark.parametrize("num_classes", [None, 5])
@pytest.mark.parametrize(
    "label", [index_label(), index_label().view(-1, 1), soft_label(), many_label()]
)
@pytest.mark.parametrize("kwargs", [{}, {"avg_factor": 8}, {"weight": torch.arange(8)}], ids=str)
def test_label_smooth_equals(
    original: Original, mode: str, num_classes: int | None, label: Tensor, kwargs: dict[str, Any]
) -> None:
    cfg = {"type": "LabelSmoothLoss", "label_smooth_val": 0.13, "mode": mode}
    compare(original, {**cfg, "num_classes": num_classes}, label, **kwargs)


@pytest.mark.parametrize(
    "options",
    [
        {"loss_weight": 3.0},
        {"reduction": "sum"},
        {"class_weight": WEIGHTS},
        {"use_sigmoid": True},
        {"use_sigmoid": True, "pos_weight": WEIGHTS},
    ],
    ids=str,
)
def test_label_smooth_equals_with_options_of_mmpretrain(
    mmpretrain: Original, options: dict[str, Any]
) -> None:
    cfg = {"type": "LabelSmoothLoss", "label_smooth_val": 0.1, **options}
    compare(mmpretrain, cfg, index_label())


@pytest.mark.parametrize("options", [{"loss_weight": 3.0}, {"reduction": "sum"}], ids=str)
def test_mmcls_ignores_options_of_label_smooth(mmcls: Original, options: dict[str, Any]) -> None:
    cfg = {"type": "LabelSmoothLoss", "label_smooth_val": 0.1}
    plain, _ = mmcls(theirs, cfg, torch.ones(8, 5), index_label(), {})
    ignored, _ = mmcls(theirs, {**cfg, **options}, torch.ones(8, 5), index_label(), {})
    assert plain == ignored
