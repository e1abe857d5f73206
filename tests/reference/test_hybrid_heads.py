"""The heads of LeViT, EfficientFormer, Conformer and Vision GNN beside the originals."""

from typing import Any

import pytest
import torch
from torch import Tensor

from mmlight.models.heads.conformer_head import ConformerHead
from mmlight.models.heads.efficientformer_head import EfficientFormerClsHead
from mmlight.models.heads.levit_head import LeViTClsHead
from mmlight.models.heads.vig_head import VigClsHead
from mmlight.models.losses.label_smooth_loss import LabelSmoothLoss
from tests.reference.original import Original


def their_losses(cfg: dict[str, Any], feats: Any, target: Tensor) -> dict[str, Any]:
    """Fill a head; return its weights, losses, gradients and scores, in 1.x form."""
    import torch

    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    try:
        import mmpretrain.models  # noqa: F401
        from mmpretrain.registry import MODELS
        from mmpretrain.structures import DataSample

        head = MODELS.build(cfg)
        samples = [DataSample() for _ in target]
        for sample, value in zip(samples, target, strict=True):
            sample.set_gt_score(value) if target.ndim == 2 else sample.set_gt_label(int(value))
        compute = lambda: head.loss(feats, samples)  # noqa: E731
        scores = lambda: torch.stack([s.pred_score for s in head.predict(feats)])  # noqa: E731
    except ImportError:
        from mmcls.models import build_head

        head = build_head(cfg)
        compute = lambda: head.forward_train(feats, target)  # noqa: E731
        scores = lambda: head.simple_test(feats, post_process=False)  # noqa: E731
    try:
        with torch.no_grad():
            for value in head.parameters():
                value.normal_(std=0.5)
        state = {name: value.clone() for name, value in head.state_dict().items()}
        losses = dict(compute())
        losses["loss"].backward()
        for name, value in losses.pop("accuracy", {}).items():
            losses[f"accuracy_{name}"] = value
        grads = {name: value.grad for name, value in head.named_parameters()}
        with torch.no_grad():
            found = scores()
        # the newer one gives a list of one value for each k
        losses = {
            name: (value[0] if isinstance(value, list) else value).detach().reshape(())
            for name, value in losses.items()
        }
        return {"state": state, "losses": losses, "grads": grads, "scores": found}
    finally:
        torch.set_default_dtype(torch.float32)


SMOOTH = {"type": "LabelSmoothLoss", "label_smooth_val": 0.1, "mode": "original"}
HEADS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "LeViTClsHead": (LeViTClsHead, {"in_channels": 6, "distillation": False}),
    "EfficientFormerClsHead": (EfficientFormerClsHead, {"in_channels": 6, "distillation": False}),
    "ConformerHead": (ConformerHead, {"in_channels": (6, 3)}),
    "VigClsHead": (VigClsHead, {"in_channels": 6, "hidden_dim": 8}),
}


@pytest.mark.parametrize(
    ("generation", "name"),
    [
        *(("mmpretrain", name) for name in HEADS),
        ("mmcls", "EfficientFormerClsHead"),
        ("mmcls", "ConformerHead"),
    ],
)
@pytest.mark.parametrize("soft", [False, True])
def test_losses_are_those_of_the_original(
    generation: str, name: str, soft: bool, request: pytest.FixtureRequest
) -> None:
    original: Original = request.getfixturevalue(generation)
    kind, arguments = HEADS[name]
    options: dict[str, Any] = {"num_classes": 5, "topk": (1, 3), "cal_acc": not soft}
    generator = torch.Generator().manual_seed(1)
    maps, tokens = (
        torch.randn(8, width, generator=generator, dtype=torch.float64) for width in (6, 3)
    )
    feats: Any = ([maps, tokens],) if name == "ConformerHead" else (maps,)
    target = torch.tensor([0, 1, 2, 3, 4, 0, 1, 2])
    if soft:
        target = torch.softmax(torch.randn(8, 5, generator=generator, dtype=torch.float64), dim=1)
    cfg = {"type": name, **arguments, **options, "loss": SMOOTH}
    theirs = original(their_losses, cfg, feats, target)
    if generation == "mmcls" and name == "ConformerHead":
        arguments = {**arguments, "branch_reduction": "mean"}
    ours = kind(**arguments, **options, loss=LabelSmoothLoss(0.1, mode="original")).double()
    ours.load_state_dict(theirs["state"])
    losses = ours.loss(feats, target)
    assert losses.keys() == theirs["losses"].keys()
    for key, value in theirs["losses"].items():
        torch.testing.assert_close(losses[key].double(), value.double(), rtol=1e-7, atol=1e-7)
    losses["loss"].backward()
    for key, value in ours.named_parameters():
        torch.testing.assert_close(value.grad, theirs["grads"][key], rtol=1e-7, atol=1e-9)
    with torch.no_grad():
        torch.testing.assert_close(ours.predict(feats), theirs["scores"], rtol=1e-10, atol=1e-10)
