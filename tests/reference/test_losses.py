"""Losses against the originals, by value and by gradient."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmlight.models.losses.asymmetric_loss import AsymmetricLoss
from mmlight.models.losses.cross_entropy_loss import CrossEntropyLoss
from mmlight.models.losses.focal_loss import FocalLoss
from mmlight.models.losses.label_smooth_loss import LabelSmoothLoss
from mmlight.models.losses.seesaw_loss import SeesawLoss
from tests.reference.original import Original

OURS: dict[str, type[nn.Module]] = {
    "CrossEntropyLoss": CrossEntropyLoss,
    "LabelSmoothLoss": LabelSmoothLoss,
    "FocalLoss": FocalLoss,
    "AsymmetricLoss": AsymmetricLoss,
    "SeesawLoss": SeesawLoss,
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


REDUCTIONS = [
    {},
    {"avg_factor": 3},
    {"reduction_override": "sum"},
    {"reduction_override": "none"},
    {"weight": torch.arange(8)},
    {"weight": torch.arange(8), "avg_factor": 5},
]


@pytest.mark.parametrize("kwargs", REDUCTIONS, ids=str)
@pytest.mark.parametrize("label", [index_label(), index_label().view(-1, 1), many_label()])
@pytest.mark.parametrize(
    "cfg",
    [
        {"type": "FocalLoss"},
        {"type": "FocalLoss", "gamma": 1.5, "alpha": 0.6, "loss_weight": 0.7},
        {"type": "AsymmetricLoss"},
        {"type": "AsymmetricLoss", "gamma_pos": 1.5, "gamma_neg": 2.0, "clip": 0.2},
        {"type": "AsymmetricLoss", "gamma_pos": 1.0, "clip": None, "use_sigmoid": False},
        {"type": "AsymmetricLoss", "clip": 0, "eps": 0.2, "loss_weight": 0.7},
    ],
    ids=str,
)
def test_sigmoid_losses_equal(
    original: Original, cfg: dict[str, Any], label: Tensor, kwargs: dict[str, Any]
) -> None:
    compare(original, cfg, label, **kwargs)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("kind", ["FocalLoss", "AsymmetricLoss"])
def test_sigmoid_losses_equal_when_reduction_is_set(
    original: Original, kind: str, reduction: str
) -> None:
    compare(original, {"type": kind, "reduction": reduction}, many_label())


@pytest.mark.parametrize("kwargs", REDUCTIONS, ids=str)
@pytest.mark.parametrize(
    "options", [{}, {"p": 0}, {"q": 0}, {"p": 1.5, "q": 0.7, "eps": 0.3, "loss_weight": 2.0}]
)
def test_seesaw_equals(original: Original, options: dict[str, Any], kwargs: dict[str, Any]) -> None:
    compare(original, {"type": "SeesawLoss", "num_classes": 5, **options}, index_label(), **kwargs)


def count_theirs(cfg, batches):
    import torch

    try:
        import mmpretrain.models  # noqa: F401
        from mmpretrain.registry import MODELS

        loss = MODELS.build(cfg)
    except ImportError:
        from mmcls.models import build_loss

        loss = build_loss(cfg)
    values = [loss(score, label) for score, label in batches]
    return torch.stack(values), dict(loss.state_dict())


def test_seesaw_counts_from_batch_to_batch(original: Original) -> None:
    draw = torch.Generator().manual_seed(1)
    batches = [
        (torch.randn(8, 5, generator=draw), torch.randint(5, (8,), generator=draw) // 2)
        for _ in range(6)
    ]
    cfg = {"type": "SeesawLoss", "num_classes": 5}
    expected, state = original(count_theirs, cfg, batches)
    loss = SeesawLoss(num_classes=5)
    values = torch.stack([loss(score, label) for score, label in batches])
    torch.testing.assert_close(values, expected, rtol=1e-6, atol=1e-7)
    assert dict(loss.state_dict()).keys() == state.keys()
    assert torch.equal(loss.cum_samples, state["cum_samples"])
