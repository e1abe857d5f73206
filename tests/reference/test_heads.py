"""Heads and necks against the originals: names, start values, logits, losses, gradients, scores."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mmlight.build import instantiate
from mmlight.compat.accuracy import accuracy
from mmlight.compat.head_calls import compute_losses, predict_scores
from mmlight.models.initialize import init_weights
from mmlight.translate.models import MODEL_TABLE
from mmlight.weights.load import load_pretrained
from tests.reference.original import Original

SCRIPT = str(Path(__file__).with_name("their_head.py"))
LIMIT = 1e-12
B, C, K = 6, 8, 5
SMOOTH = {"type": "LabelSmoothLoss", "label_smooth_val": 0.1}
SIGMOID = {"type": "CrossEntropyLoss", "use_sigmoid": True}
NORMAL = {"type": "Normal", "layer": "Linear", "std": 0.2, "bias": 0.5}
SIZES = {"num_classes": K, "in_channels": C}


def call(name, script, *args):
    """Run a function of `their_head.py` beside the originals."""
    import runpy

    return runpy.run_path(script)[name](*args)


def tell(value: Any) -> str:
    """Name a case of a test."""
    return str(value) if isinstance(value, dict) else str(getattr(value, "dtype", ""))


def limit_of(cfg: dict[str, Any], generation: str) -> float:
    """Return how much may differ: labels of 1.x and smooth ones are float32."""
    is_sigmoid = "use_sigmoid" in str(cfg) or "MultiLabel" in cfg["type"]
    is_float32 = is_sigmoid and (generation == "mmpretrain" or "LabelSmooth" in str(cfg))
    return 1e-6 if is_float32 else LIMIT


def features(*shape: int) -> tuple[Tensor, ...]:
    draw = torch.Generator().manual_seed(4)
    return tuple(torch.randn(B, C, *shape, generator=draw, dtype=torch.float64) for _ in range(2))


def indices() -> Tensor:
    return torch.tensor([0, 4, 2, 2, 1, 3])


def soft() -> Tensor:
    draw = torch.Generator().manual_seed(3)
    return torch.softmax(torch.randn(B, K, generator=draw, dtype=torch.float64), dim=1)


def many() -> Tensor:
    return (soft() > 0.2).double()


def compare(
    original: Original,
    cfg: dict[str, Any],
    feats: tuple[Tensor, ...],
    target: Any,
    *,
    labels: Tensor | None = None,
    scope: str,
    limit: float = LIMIT,
) -> None:
    copies = [feat.clone() for feat in feats]
    theirs = original(call, "run_head", SCRIPT, cfg, copies, target, labels)
    for group in ("start", "before", "after"):  # 0.x calls the loss otherwise
        named = theirs[group].items()
        theirs[group] = {n.replace("compute_loss.", "loss_module."): v for n, v in named}
    torch.manual_seed(0)
    ours: Any = instantiate(MODEL_TABLE.describe(cfg, scope))
    init_weights(ours, load_pretrained)
    assert ours.state_dict().keys() == theirs["start"].keys()
    for name, value in ours.state_dict().items():
        assert torch.equal(value, theirs["start"][name]), f"start of {name}"
    ours = ours.double()
    ours.load_state_dict(theirs["before"])
    feats = tuple(feat.clone().requires_grad_() for feat in feats)
    torch.set_default_dtype(torch.float64)
    try:
        losses = compute_losses(ours, feats, target, labels)
        ours.eval()
        scores = predict_scores(ours, feats)
        losses["loss"].backward()
    finally:
        torch.set_default_dtype(torch.float32)
    assert losses.keys() == theirs["losses"].keys()

    def near(mine: Tensor, other: Tensor, name: str) -> None:
        torch.testing.assert_close(
            mine, other.to(mine.dtype), rtol=limit, atol=limit, msg=lambda text: f"{name}: {text}"
        )

    for name, value in losses.items():
        near(value.detach(), theirs["losses"][name], name)
    near(scores.detach(), theirs["scores"], "scores")
    if theirs["chosen"] is not None:
        for mine, other in zip(ours.choose_labels(scores), theirs["chosen"], strict=True):
            assert torch.equal(mine, other)
    for name, value in ours.named_parameters():
        near(value.grad, theirs["grads"][name], f"grad of {name}")
    assert feats[-1].grad is not None
    near(feats[-1].grad, theirs["feature"], "grad of the feature")
    for name, value in ours.state_dict().items():
        near(value, theirs["after"][name], f"{name} afterwards")


PLAIN = [
    ({"type": "LinearClsHead", **SIZES}, indices()),
    ({"type": "LinearClsHead", **SIZES, "cal_acc": True, "topk": (1, 3)}, indices()),
    ({"type": "LinearClsHead", **SIZES, "loss": SMOOTH, "init_cfg": None}, soft()),
    ({"type": "LinearClsHead", **SIZES, "loss": SIGMOID}, many()),
    ({"type": "LinearClsHead", **SIZES, "loss": {"type": "FocalLoss"}}, indices()),
    (
        {"type": "LinearClsHead", **SIZES, "loss": {"type": "SeesawLoss", "num_classes": K}},
        indices(),
    ),
    ({"type": "ClsHead", "topk": (1, 2), "cal_acc": True}, indices()),
    ({"type": "StackedLinearClsHead", **SIZES, "mid_channels": [7]}, indices()),
    (
        {
            "type": "StackedLinearClsHead",
            **SIZES,
            "mid_channels": [7, 6],
            "init_cfg": NORMAL,
            "norm_cfg": {"type": "BN1d", "eps": 1e-3},
            "act_cfg": {"type": "HSwish"},
        },
        soft(),
    ),
    ({"type": "StackedLinearClsHead", **SIZES, "mid_channels": (7,), "act_cfg": None}, soft()),
    ({"type": "VisionTransformerClsHead", **SIZES, "init_cfg": NORMAL}, indices()),
    ({"type": "VisionTransformerClsHead", **SIZES, "hidden_dim": 9, "loss": SMOOTH}, soft()),
    (
        {"type": "VisionTransformerClsHead", **SIZES, "hidden_dim": 9, "act_cfg": {"type": "ReLU"}},
        indices(),
    ),
]
MANY = [
    ({"type": "MultiLabelLinearClsHead", **SIZES}, many()),
    ({"type": "MultiLabelLinearClsHead", **SIZES, "loss": {"type": "AsymmetricLoss"}}, many()),
    ({"type": "MultiLabelLinearClsHead", **SIZES, "loss": {"type": "FocalLoss"}}, many()),
    (
        {"type": "MultiLabelLinearClsHead", **SIZES, "loss": {**SMOOTH, "mode": "multi_label"}},
        many(),
    ),
    (
        {"type": "MultiLabelLinearClsHead", **SIZES, "loss": {**SIGMOID, "pos_weight": [2.0] * K}},
        many(),
    ),
    ({"type": "MultiLabelClsHead"}, (torch.rand(B, C) > 0.5).double()),
]
NEW_MANY = [
    ({"type": "MultiLabelLinearClsHead", **SIZES, "thr": 0.3, "init_cfg": None}, many()),
    ({"type": "MultiLabelLinearClsHead", **SIZES, "topk": 2}, many()),
    ({"type": "MultiLabelLinearClsHead", **SIZES, "thr": 0.6, "topk": 2}, many()),
    (
        {"type": "MultiLabelLinearClsHead", **SIZES},
        [torch.tensor(x) for x in ([0, 2], [1], [4, 3, 0], [2], [1, 4], [3])],
    ),
    ({"type": "MultiLabelLinearClsHead", **SIZES}, indices()),
]


@pytest.mark.parametrize("generation", ["mmcls", "mmpretrain"])
@pytest.mark.parametrize(("cfg", "target"), PLAIN + MANY, ids=tell)
def test_head_equals(
    request: pytest.FixtureRequest, generation: str, cfg: dict[str, Any], target: Any
) -> None:
    if isinstance(target, Tensor) and target.ndim == 1 and cfg["type"] == "ClsHead":
        target = target.clamp(max=C - 1)
    original = request.getfixturevalue(generation)
    compare(original, cfg, features(), target, scope=generation, limit=limit_of(cfg, generation))


@pytest.mark.parametrize(("cfg", "target"), NEW_MANY, ids=tell)
def test_head_equals_when_labels_are_chosen(
    mmpretrain: Original, cfg: dict[str, Any], target: Any
) -> None:
    compare(mmpretrain, cfg, features(), target, scope="mmpretrain", limit=1e-6)


def test_difficult_targets_count_as_positive_in_mmcls(mmcls: Original) -> None:
    target = torch.where(soft() > 0.3, -1.0, many())
    assert target.min() == -1
    for kind in ("MultiLabelLinearClsHead", "MultiLabelClsHead"):
        cfg = {"type": kind, **(SIZES if "Linear" in kind else {})}
        feats = features() if "Linear" in kind else (soft(), soft() * 3)
        compare(mmcls, cfg, feats, target, scope="mmcls")


@pytest.mark.parametrize("generation", ["mmcls", "mmpretrain"])
@pytest.mark.parametrize("num_heads", [1, 2, 4, 6, 8])
def test_csra_head_equals(request: pytest.FixtureRequest, generation: str, num_heads: int) -> None:
    cfg = {"type": "CSRAClsHead", **SIZES, "num_heads": num_heads, "lam": 0.3, "loss": SIGMOID}
    original = request.getfixturevalue(generation)
    limit = limit_of(cfg, generation)
    compare(original, cfg, features(3, 4), many(), scope=generation, limit=limit)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_subcenters": 3, "scale": 8.0},
        {"easy_margin": True, "margins": 0.3},
        {"margins": [0.1, 2.0, 0.3, 3.0, 0.5]},
        {"loss": SMOOTH, "init_cfg": NORMAL},
    ],
    ids=str,
)
@pytest.mark.parametrize("is_soft", [False, True])
def test_arc_face_head_equals(mmpretrain: Original, options: dict[str, Any], is_soft: bool) -> None:
    cfg = {"type": "ArcFaceClsHead", **SIZES, **options}
    target, labels = (soft(), indices()) if is_soft else (indices(), None)
    # the margins, their sines and cosines are float32 on both sides
    compare(mmpretrain, cfg, features(), target, labels=labels, scope="mmpretrain", limit=1e-6)


def test_margins_can_be_replaced_as_in_mmpretrain(mmpretrain: Original) -> None:
    cfg = {"type": "ArcFaceClsHead", **SIZES}
    feats = [feat.float() for feat in features()]
    weight = torch.randn(K, C, generator=torch.Generator().manual_seed(5))
    for margins in (0.7, [0.1, 0.2, 2.9, 0.4, 0.5]):
        args = (cfg, margins, weight, feats, indices())
        expected = mmpretrain(call, "set_margins", SCRIPT, *args)
        ours: Any = instantiate(MODEL_TABLE.describe(cfg, "mmpretrain"))
        ours.norm_product.weight.data.copy_(weight)
        ours.set_margins(margins)
        logits = ours(feats, indices()).detach()
        torch.testing.assert_close(logits, expected, rtol=1e-6, atol=1e-5)  # all in float32


NECKS = [
    ({"type": "GlobalAveragePooling"}, (3, 4)),
    ({"type": "GlobalAveragePooling", "dim": 1}, (7,)),
    ({"type": "GlobalAveragePooling", "dim": 3}, (2, 3, 4)),
    ({"type": "GeneralizedMeanPooling"}, (3, 4)),
    ({"type": "GeneralizedMeanPooling", "p": 4.5, "eps": 1e-2}, (3, 4)),
]
NEW_NECKS = [
    ({"type": "GeneralizedMeanPooling", "p_trainable": False}, (3, 4)),
    ({"type": "ClsBatchNormNeck", "input_features": C}, ()),
    ({"type": "ClsBatchNormNeck", "input_features": C, "affine": True, "eps": 1e-2}, ()),
]


@pytest.mark.parametrize(
    ("generation", "cfg", "shape"),
    [("mmcls", *row) for row in NECKS] + [("mmpretrain", *row) for row in NECKS + NEW_NECKS],
    ids=str,
)
def test_neck_equals(
    request: pytest.FixtureRequest, generation: str, cfg: dict[str, Any], shape: tuple[int, ...]
) -> None:
    alone = "BatchNorm" not in cfg["type"]  # that one takes no tensor
    feats = features(*shape)
    original = request.getfixturevalue(generation)
    args = (cfg, list(feats), alone)
    expected, grads, state = original(call, "run_neck", SCRIPT, *args)
    ours: Any = instantiate(MODEL_TABLE.describe(cfg, generation)).double()
    outputs = [*ours(feats), *([ours(feats[0])] if alone else [])]
    torch.testing.assert_close(outputs, expected, rtol=LIMIT, atol=LIMIT)
    for name, value in ours.named_parameters():
        assert value.requires_grad == (grads[name] is not None)
    if any(value.requires_grad for value in ours.parameters()):
        torch.stack([out.sin().sum() for out in outputs]).sum().backward()
    mine = {name: value.grad for name, value in ours.named_parameters()}
    assert mine.keys() == grads.keys()
    torch.testing.assert_close(mine, grads, rtol=LIMIT, atol=LIMIT)
    torch.testing.assert_close(dict(ours.state_dict()), state, rtol=LIMIT, atol=LIMIT)


def their_accuracy(scores, target, options):
    import torch
    from mmcls.models import accuracy

    def plain(value):
        return [plain(item) for item in value] if isinstance(value, list) else value.tolist()

    return plain(accuracy(torch.tensor(scores), torch.tensor(target), **options))


@pytest.mark.parametrize("topk", [1, (1,), (1, 3)])
@pytest.mark.parametrize("thrs", [0.0, (0.0, 0.5)])
def test_accuracy_of_0x_is_the_originals(topk, thrs, mmcls) -> None:
    torch.manual_seed(0)
    scores, target = torch.rand(16, 5), torch.randint(5, (16,))
    options = {"topk": topk, "thrs": thrs}
    theirs = mmcls(their_accuracy, scores.tolist(), target.tolist(), options)
    ours = accuracy(scores, target, **options)
    torch.testing.assert_close(torch.tensor(as_lists(ours)), torch.tensor(theirs))


def as_lists(value):
    return [as_lists(item) for item in value] if isinstance(value, list) else value.tolist()
