import pytest
import torch

from mmlight.compat.cnn.non_local import MODES, NonLocal1d, NonLocal2d, NonLocal3d


@pytest.mark.parametrize("sub_sample", [True, False])
@pytest.mark.parametrize("mode", MODES)
def test_block_is_the_identity_when_new(mode, sub_sample):
    torch.manual_seed(0)  # the weights of "concatenation" pass a ReLU: not all are cut off
    x = torch.rand(2, 4, 6, 4)
    block = NonLocal2d(4, sub_sample=sub_sample, mode=mode, reduction=1)
    torch.testing.assert_close(block(x), x)
    block.init_weights(zeros_init=False)
    assert not torch.equal(block(x), x)


def test_blocks_take_other_dimensions_when_named_so():
    assert NonLocal1d(4)(torch.rand(2, 4, 6)).shape == (2, 4, 6)
    assert NonLocal3d(4)(torch.rand(2, 4, 2, 2, 2)).shape == (2, 4, 2, 2, 2)


def test_mode_is_refused_when_unknown():
    with pytest.raises(ValueError, match=r"mode must be one of .* got 'softmax'"):
        NonLocal2d(4, mode="softmax")
