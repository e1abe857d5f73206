import pytest
import torch

from mmlight.models.necks.gap import GlobalAveragePooling


def test_averages_each_feature() -> None:
    first, second = GlobalAveragePooling()((torch.ones(1, 4, 3, 3), torch.rand(1, 2, 5, 1)))
    assert first.tolist() == [[1.0] * 4]
    assert second.shape == (1, 2)


def test_raises_when_dim_is_unknown() -> None:
    with pytest.raises(ValueError, match="dim must be 1, 2 or 3, got 4"):
        GlobalAveragePooling(4)


def test_gives_a_tensor_for_a_tensor() -> None:
    assert GlobalAveragePooling(1)(torch.ones(2, 4, 3)).shape == (2, 4)
    assert GlobalAveragePooling(3)((torch.ones(2, 4, 3, 2, 2),))[0].shape == (2, 4)
