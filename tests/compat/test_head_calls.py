from types import SimpleNamespace

import torch
from torch import Tensor, nn

from mmlight.compat.data_sample import DataSample
from mmlight.compat.head_calls import compute_losses, predict_scores

FEATURES = (torch.rand(2, 3),)
TARGET = torch.tensor([0, 2])


class Plain(nn.Module):
    """A head as ours are: the target, not samples."""

    def loss(self, features: tuple[Tensor], target: Tensor, **kwargs: Tensor) -> dict[str, object]:
        return {"target": target, **kwargs}

    def predict(self, features: tuple[Tensor]) -> Tensor:
        return features[-1]


class WithSamples(Plain):
    """A head of 1.x."""

    def loss(self, features, data_samples):
        return {"labels": torch.cat([sample.gt_label for sample in data_samples])}

    def predict(self, features):
        return [DataSample(pred_score=score) for score in features[-1]]


class Old:
    """A head of 0.x."""

    def forward_train(self, features, gt_label):
        return {"gt_label": gt_label}

    def simple_test(self, features):
        return list(features[-1].numpy())


def test_head_gets_the_target_when_it_takes_no_samples():
    assert compute_losses(Plain(), FEATURES, TARGET, TARGET + 1) == {"target": TARGET}
    torch.testing.assert_close(predict_scores(Plain(), FEATURES), FEATURES[0])


def test_head_gets_the_labels_when_it_uses_them():
    head = SimpleNamespace(uses_labels=True, loss=Plain().loss)
    soft = torch.rand(2, 3)
    assert compute_losses(head, FEATURES, soft, TARGET) == {"target": soft, "labels": TARGET}


def test_head_gets_samples_when_its_loss_says_so():
    assert compute_losses(WithSamples(), FEATURES, TARGET)["labels"].tolist() == [0, 2]
    torch.testing.assert_close(predict_scores(WithSamples(), FEATURES), FEATURES[0])


def test_head_of_0x_is_called_by_its_own_methods():
    assert compute_losses(Old(), FEATURES, TARGET) == {"gt_label": TARGET}
    torch.testing.assert_close(predict_scores(Old(), FEATURES), FEATURES[0])
