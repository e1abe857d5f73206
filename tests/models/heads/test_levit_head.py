import pytest
import torch
from timm.models.levit import NormLinear

from mmlight.models.heads.levit_head import LeViTClsHead, fold_norm


@pytest.mark.parametrize("distillation", [True, False])
@torch.no_grad()
def test_logits_stay_when_deployed(distillation: bool) -> None:
    torch.manual_seed(0)
    head, x = LeViTClsHead(5, distillation, in_channels=4).double(), torch.rand(8, 4).double()
    head.train()((x,))
    head.eval()
    before = head((x,))
    head.switch_to_deploy()
    head.switch_to_deploy()
    torch.testing.assert_close(head((x,)), before)
    expected = ["head", "head_dist"] if distillation else ["head"]
    names = {name.partition(".")[0] for name, _ in head.named_parameters()}
    assert sorted(names) == expected
    assert LeViTClsHead(5, distillation, 4, deploy=True).state_dict().keys() == (
        head.state_dict().keys()
    )


@torch.no_grad()
def test_logits_are_the_mean_when_distilled() -> None:
    head, x = LeViTClsHead(5, in_channels=4).eval(), torch.rand(2, 4)
    torch.testing.assert_close(head((x,)), (head.head(x) + head.head_dist(x)) / 2)
    torch.testing.assert_close(head.predict((x,)).sum(dim=1), torch.ones(2))


def test_raises_when_a_distilled_head_is_trained() -> None:
    head = LeViTClsHead(5, in_channels=4)
    with pytest.raises(ValueError, match="distillation must be False for training, got True"):
        head.loss((torch.rand(2, 4),), torch.tensor([0, 1]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, True, 4), "num_classes must be at least 1, got 0"),
        ((5,), "in_channels must be given, got None"),
    ],
)
def test_raises_when_an_argument_is_wrong(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        LeViTClsHead(*arguments)


def test_folded_layer_can_be_trained() -> None:
    folded = fold_norm(NormLinear(4, 2))
    folded(torch.rand(1, 4)).sum().backward()
    assert folded.weight.grad is not None
