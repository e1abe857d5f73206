import copy

import pytest
import torch

from mmlight.models.backbones.revvit import RevVisionTransformer

TINY = {"embed_dims": 8, "num_layers": 3, "num_heads": 2, "feedforward_channels": 12}
IMAGES = torch.rand(4, 3, 32, 32, dtype=torch.float64)


def make(**words) -> RevVisionTransformer:
    torch.manual_seed(0)
    model = RevVisionTransformer(TINY, img_size=32, patch_size=8, **words).double()
    model.init_weights()
    return model.train()


def run(model: RevVisionTransformer) -> list[torch.Tensor]:
    torch.manual_seed(1)
    out = model(IMAGES)[0]
    out.sin().sum().backward()
    return [out.detach(), *(value.grad for value in model.parameters())]


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"drop_rate": 0.3, "drop_path_rate": 0.5, "with_cls_token": True, "out_type": "cls_token"},
        {"layer_cfgs": {"attn_drop_rate": 0.4}, "fusion_mode": "add"},
    ],
)
def test_computing_again_gives_the_same_gradients(words) -> None:
    again = make(**words)
    stored = copy.deepcopy(again)
    stored.no_custom_backward = True
    for ours, expected in zip(run(again), run(stored), strict=True):
        torch.testing.assert_close(ours, expected)


def test_going_back_leaves_the_random_numbers_alone() -> None:
    model = make(drop_rate=0.3)
    out = model(IMAGES)[0].sum()
    state = torch.get_rng_state()
    out.backward()
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(("stores", "most"), [(False, 12), (True, 1000)])
def test_keeps_little_unless_it_stores(stores, most) -> None:
    kept = []

    def keep(value: torch.Tensor) -> torch.Tensor:
        kept.append(value)
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        make(no_custom_backward=stores)(IMAGES)
    assert (most - 1000 if stores else 0) <= len(kept) <= most
    assert (len(kept) > 40) is stores


def test_computing_again_uses_the_same_precision() -> None:
    model = make().float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = model(IMAGES.float())[0].float().sum()
    out.backward()
    assert all(torch.isfinite(value.grad).all() for value in model.parameters())


def test_drops_nothing_in_eval_mode() -> None:
    model = make(drop_rate=0.3, drop_path_rate=0.5).eval()
    torch.testing.assert_close(model(IMAGES)[0], model(IMAGES)[0])


@pytest.mark.parametrize(
    ("mode", "width"), [("add", 8), ("max", 8), ("min", 8), ("avg", 8), ("concat", 16)]
)
def test_fuses_both_streams(mode, width) -> None:
    assert make(fusion_mode=mode)(IMAGES)[0].shape == (4, width)


def test_raises_when_fusion_is_unknown() -> None:
    with pytest.raises(ValueError, match=r"fusion_mode must be one of .* got 'mean'"):
        make(fusion_mode="mean")
