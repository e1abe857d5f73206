import pytest
import torch
from torch import nn

from mmlight.compat.cnn.conv_module import ConvModule, DepthwiseSeparableConvModule
from mmlight.errors import UnsupportedTypeError


def test_names_are_those_of_checkpoints_when_built():
    module = ConvModule(3, 8, 3, norm_cfg={"type": "BN"})
    assert [name for name, _ in module.named_children()] == ["conv", "bn", "activate"]
    assert module.conv.bias is None
    assert module.norm is module.bn
    assert ConvModule(3, 8, 3).conv.bias is not None


def test_parts_run_in_order_when_order_is_given():
    module = ConvModule(3, 8, 1, norm_cfg={"type": "BN"}, order=("norm", "act", "conv")).eval()
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(module(x), module.conv(module.activate(module.bn(x))))
    assert module.bn.num_features == 3
    torch.testing.assert_close(module(x, activate=False, norm=False), module.conv(x))


def test_warns_when_bias_stands_before_a_batch_norm():
    with pytest.warns(UserWarning, match="takes out what the bias"):
        ConvModule(3, 8, 1, bias=True, norm_cfg={"type": "BN"})


def test_own_start_values_stay_when_convolution_has_them():
    class Own(nn.Conv2d):
        def init_weights(self):
            nn.init.constant_(self.weight, 5)

    module = ConvModule(3, 8, 1, conv_cfg={"type": Own}, act_cfg=None)
    assert module.conv.weight.std() > 0  # the values of torch, not drawn again by He's rule


def test_module_refuses_when_arguments_are_wrong():
    with pytest.raises(ValueError, match=r"order must hold .* got \('conv', 'act', 'act'\)"):
        ConvModule(3, 8, 1, order=("conv", "act", "act"))
    with pytest.raises(ValueError, match="efficient_conv_bn_eval must be False, got True"):
        ConvModule(3, 8, 1, efficient_conv_bn_eval=True)
    with pytest.raises(UnsupportedTypeError, match="'RelU'") as caught:
        ConvModule(3, 8, 1, act_cfg={"type": "RelU"})
    assert caught.value.nearest == "ReLU"


def test_groups_are_refused_when_convolution_is_separable():
    with pytest.raises(ValueError, match="groups must not be given, got 2"):
        DepthwiseSeparableConvModule(4, 8, 3, groups=2)
    module = DepthwiseSeparableConvModule(4, 8, 3, dw_act_cfg=None, norm_cfg={"type": "BN"})
    assert module.depthwise_conv.groups == 4
    assert not module.depthwise_conv.with_activation
    assert module.pointwise_conv.with_activation
