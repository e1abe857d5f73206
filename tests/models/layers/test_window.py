import pytest
import torch

from mmlight.models.layers.window import BLOCKED, attend_in_windows, shift_mask


def mean(windows, mask):
    """Give every place the mean over the places it may see."""
    count = windows.shape[1]
    seen = torch.ones(1, count, count) if mask is None else (mask == 0).float()
    weight = (seen / seen.sum(-1, keepdim=True)).repeat(len(windows) // len(seen), 1, 1)
    return weight @ windows


def test_places_are_mixed_inside_a_window() -> None:
    x = torch.arange(16.0).reshape(1, 4, 4, 1)
    out = attend_in_windows(x, mean, window=2)
    assert out[0, 0, :, 0].tolist() == [2.5, 2.5, 4.5, 4.5]


def test_places_that_are_no_neighbours_stay_apart_when_shifted() -> None:
    x = torch.arange(16.0).reshape(1, 4, 4, 1)
    out = attend_in_windows(x, mean, window=2, shift=1)
    assert out[0, 0, :, 0].tolist() == [0.0, 1.5, 1.5, 3.0]  # the corner is alone, edges are pairs


def test_map_as_large_as_a_window_is_shifted_only_with_padding() -> None:
    x = torch.arange(4.0).reshape(1, 2, 2, 1)
    assert (attend_in_windows(x, mean, window=2, shift=1) == 1.5).all()
    assert torch.equal(attend_in_windows(x, mean, window=2, shift=1, pad_small_map=True), x)


def test_padding_counts_inside_a_window() -> None:
    out = attend_in_windows(torch.ones(1, 3, 2, 1), mean, window=2)
    assert out[0, :, 0, 0].tolist() == [1.0, 1.0, 0.5]


def test_raises_when_map_is_smaller_than_a_window() -> None:
    with pytest.raises(ValueError, match="the feature map 3x5 without pad_small_map, got 4"):
        attend_in_windows(torch.ones(1, 3, 5, 1), mean, window=4)


def test_mask_blocks_what_the_shift_has_joined() -> None:
    mask = shift_mask(4, 4, 2, 1, torch.ones(1, dtype=torch.float64))
    assert mask.shape == (4, 4, 4)
    assert mask.dtype == torch.float64
    assert (mask[0] == 0).all()
    assert mask[1, 0].tolist() == [0, BLOCKED, 0, BLOCKED]
    assert mask[3, 0].tolist() == [0, BLOCKED, BLOCKED, BLOCKED]
