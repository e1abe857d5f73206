import pytest
import torch

from mmlight.compat.cnn.context_block import ContextBlock


def test_block_is_the_identity_when_new():
    x = torch.rand(2, 8, 4, 3)
    torch.testing.assert_close(ContextBlock(8, 0.25)(x), x)


def test_channels_are_halved_when_new_block_multiplies():
    x = torch.rand(2, 8, 4, 3)
    block = ContextBlock(8, 0.25, pooling_type="avg", fusion_types=["channel_mul"])
    torch.testing.assert_close(block(x), x / 2)  # sigmoid(0)


def test_block_refuses_when_options_are_unknown():
    with pytest.raises(ValueError, match="pooling_type must be 'avg' or 'att', got 'max'"):
        ContextBlock(8, 0.5, pooling_type="max")
    with pytest.raises(ValueError, match=r"got \('channel_sum',\)"):
        ContextBlock(8, 0.5, fusion_types=("channel_sum",))
