import logging

import pytest
import torch

from mmlight.optim.rate_scale import scale_rates


def optimizer(*rates):
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    return torch.optim.SGD(groups, lr=1.0)


def test_every_group_is_scaled_and_told_when_sizes_differ(caplog):
    built = optimizer(0.1, 0.01)
    with caplog.at_level(logging.INFO, "mmlight"):
        assert scale_rates(built, base_batch_size=256, batch_size=64, how="2 of 32") == 0.25
    assert [group["lr"] for group in built.param_groups] == [0.025, 0.0025]
    (message,) = caplog.messages
    assert message == (
        "the learning rate is 0.0025 to 0.025 instead of 0.01 to 0.1: a batch has 64 images"
        " (2 of 32), the rate is meant for 256 (auto_scale_lr)"
    )


@pytest.mark.parametrize("sizes", [(0, 8), (8, -1)])
def test_size_is_refused_when_smaller_than_one(sizes):
    base, real = sizes
    with pytest.raises(ValueError, match=f"must be 1 or more, got {min(sizes)}"):
        scale_rates(optimizer(0.1), base_batch_size=base, batch_size=real, how="")
