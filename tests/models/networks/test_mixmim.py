import torch

from mmlight.models.networks.mixmim import PatchMerging, WindowBlock

LAYER_NORM = {"type": "LN"}


def make(grid: tuple[int, int]) -> WindowBlock:
    return WindowBlock(
        4,
        grid,
        window=2,
        num_heads=2,
        mlp_ratio=2,
        qkv_bias=True,
        drop_rate=0.0,
        attn_drop_rate=0.0,
        drop_path_rate=0.0,
        norm_cfg=LAYER_NORM,
    )


@torch.no_grad()
def test_tokens_see_their_window_only() -> None:
    block, x = make((2, 4)), torch.randn(1, 8, 4)
    for window in ([0, 1, 4, 5], [2, 3, 6, 7]):
        torch.testing.assert_close(block._attend(x)[:, window], block.attn(x[:, window]))
    out = block(x)
    x[:, 0] += torch.randn(4)  # the window of the places 0, 1, 4 and 5
    changed = (block(x) - out).abs().sum(dim=-1)[0] > 1e-6
    assert changed.tolist() == [True, True, False, False] * 2


@torch.no_grad()
def test_merging_pads_odd_grids() -> None:
    layer = PatchMerging(4, 6, LAYER_NORM)
    assert layer(torch.rand(1, 15, 4), (3, 5)).shape == (1, 6, 6)
    x = torch.randn(1, 8, 4)
    out = layer(x, (2, 4))
    x[:, 5] += torch.randn(4)  # the square of the places 0, 1, 4 and 5
    changed = (layer(x, (2, 4)) - out).abs().sum(dim=-1)[0] > 1e-6
    assert changed.tolist() == [True, False]
