import torch
from torch import nn

from mmlight.compat.wrapper import (
    get_ori_model,
    is_model_wrapper,
    is_module_wrapper,
    revert_sync_batchnorm,
)


def test_model_is_found_when_wrapped():
    model = nn.Linear(1, 1)
    wrapped = nn.DataParallel(model)
    assert is_model_wrapper(wrapped)
    assert is_module_wrapper(wrapped)
    assert not is_module_wrapper(model)
    assert get_ori_model(wrapped) is get_ori_model(model) is model


def test_values_stay_when_norms_are_reverted():
    norm = nn.SyncBatchNorm(3, eps=1e-3)
    norm.running_mean.uniform_()
    net = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Sequential(norm)).eval()
    expected = {name: value.clone() for name, value in net.state_dict().items()}
    assert revert_sync_batchnorm(net) is net
    assert not any(isinstance(module, nn.SyncBatchNorm) for module in net.modules())
    assert {n: v.tolist() for n, v in net.state_dict().items()} == {
        n: v.tolist() for n, v in expected.items()
    }
    assert net[1][0].eps == 1e-3
    assert not net[1][0].training
    assert net(torch.rand(1, 3, 2, 2)).shape == (1, 3, 2, 2)
    alone = revert_sync_batchnorm(nn.SyncBatchNorm(2, affine=False, track_running_stats=False))
    assert not isinstance(alone, nn.SyncBatchNorm)
