from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from mmlight.models.backbones.base.staged_backbone import StagedBackbone, reset_parameters


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)) for _ in range(3)
        )
        nn.init.constant_(self.conv.weight, 77)


class Backbone(StagedBackbone):
    def stem(self, images: Tensor) -> Tensor:
        return self.network.conv(images)

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        return [[stage] for stage in self.network.stages]

    def frozen_parts(self) -> Sequence[nn.Module]:
        return self.network.stages[: max(self.frozen_stages, 0)]


def test_returns_wanted_stages_in_order() -> None:
    backbone = Backbone(Net(), out_indices=(2, 0)).eval()
    images = torch.rand(2, 3, 4, 4)
    first, last = backbone(images)
    torch.testing.assert_close(first, backbone.network.stages[0](backbone.stem(images)))
    assert last.shape == (2, 4, 4, 4)


def test_starts_from_torch_values() -> None:
    assert Backbone(Net(), out_indices=(0,)).network.conv.weight.max() < 77


def test_reset_parameters_leaves_parents_alone() -> None:
    network = nn.Sequential(nn.Linear(1, 1))
    network.reset_parameters = lambda: pytest.fail("called")
    reset_parameters(network)


def test_keeps_frozen_parts_in_eval_mode_when_training() -> None:
    backbone = Backbone(Net(), out_indices=(0,), frozen_stages=1).train()
    stages = backbone.network.stages
    assert [stage.training for stage in stages] == [False, True, True]
    assert [stage[0].weight.requires_grad for stage in stages] == [False, True, True]


def test_keeps_norms_in_eval_mode_when_asked() -> None:
    backbone = Backbone(Net(), out_indices=(0,), norm_eval=True).train()
    assert [stage[1].training for stage in backbone.network.stages] == [False] * 3
    assert backbone.network.stages[0][0].training


def test_gradients_do_not_depend_on_checkpointing() -> None:
    grads = []
    for with_cp in (False, True):
        torch.manual_seed(0)
        backbone = Backbone(Net(), out_indices=(2,), with_cp=with_cp)
        backbone(torch.ones(2, 3, 4, 4))[0].sin().sum().backward()
        grads.append(backbone.network.conv.weight.grad)
    torch.testing.assert_close(*grads)


@pytest.mark.parametrize("out_indices", [(3,), (-1,), ()])
def test_raises_when_out_indices_do_not_exist(out_indices) -> None:
    with pytest.raises(ValueError, match=r"out_indices must be in \[0, 3\)"):
        Backbone(Net(), out_indices=out_indices)


@pytest.mark.parametrize("frozen_stages", [-2, 4])
def test_raises_when_frozen_stages_do_not_exist(frozen_stages) -> None:
    with pytest.raises(ValueError, match=rf"in \[-1, 3\], got {frozen_stages}"):
        Backbone(Net(), out_indices=(0,), frozen_stages=frozen_stages)
