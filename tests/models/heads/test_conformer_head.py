import pytest
import torch

from mmlight.models.heads.conformer_head import ConformerHead
from mmlight.models.initialize import init_weights

TARGET = torch.tensor([0, 1, 2])


def features() -> tuple[list[torch.Tensor], ...]:
    generator = torch.Generator().manual_seed(0)
    pair = [torch.randn(3, width, generator=generator) for width in (4, 6)]
    return ([torch.zeros(3, 4), torch.zeros(3, 6)], pair)


@torch.no_grad()
def test_scores_are_those_of_the_sum() -> None:
    head = ConformerHead(5, (4, 6))
    maps, tokens = head(features())
    torch.testing.assert_close(head.predict(features()), (maps + tokens).softmax(dim=1))


def test_losses_are_added_or_averaged() -> None:
    head = ConformerHead(5, (4, 6))
    averaged = ConformerHead(5, (4, 6), branch_reduction="mean")
    averaged.load_state_dict(head.state_dict())
    both = [other.loss(features(), TARGET)["loss"] for other in (head, averaged)]
    torch.testing.assert_close(both[0], 2 * both[1])


def test_the_loss_is_called_once_per_branch() -> None:
    calls = []

    class Spy(torch.nn.Module):
        def forward(self, score, target, avg_factor):
            calls.append((score.shape, avg_factor))
            return score.sum()

    head = ConformerHead(5, (4, 6), loss=Spy(), cal_acc=True, topk=(1, 2))
    assert list(head.loss(features(), TARGET)) == ["loss", "accuracy_top-1", "accuracy_top-2"]
    assert calls == [((3, 5), 3)] * 2


def test_weights_start_from_a_truncated_normal() -> None:
    head = ConformerHead(100, (100, 100))
    init_weights(head, lambda *_: None)
    assert head.conv_cls_head.weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert head.trans_cls_head.bias.unique().tolist() == [0.0]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"num_classes": 0, "in_channels": (4, 6)}, "num_classes must be at least 1, got 0"),
        ({"num_classes": 5, "in_channels": (4,)}, r"in_channels must be two numbers, got \(4,\)"),
        (
            {"num_classes": 5, "in_channels": (4, 6), "branch_reduction": "max"},
            "branch_reduction must be 'sum' or 'mean', got 'max'",
        ),
    ],
)
def test_raises_when_an_argument_is_wrong(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        ConformerHead(**kwargs)
