import pytest
import torch

from mmlight.models.backbones.inception_v3 import InceptionV3
from mmlight.models.initialize import init_weights


@pytest.fixture(scope="module")
def backbone():
    return InceptionV3(num_classes=5, aux_logits=True)


def test_gives_logits_of_both_classifiers_when_training() -> None:
    with torch.device("meta"):
        first, last = InceptionV3(num_classes=5, aux_logits=True)(torch.rand(2, 3, 299, 299))
    assert first.shape == last.shape == (2, 5)


@pytest.mark.parametrize("aux_logits", [True, False])
def test_gives_only_the_last_logits_when_evaluated(aux_logits: bool) -> None:
    with torch.device("meta"):
        first, last = InceptionV3(5, aux_logits).eval()(torch.rand(2, 3, 80, 80))
    assert first is None
    assert last.shape == (2, 5)


def test_second_classifier_starts_smaller(backbone) -> None:
    init_weights(backbone, lambda *_: None)
    net = backbone.network
    assert net.fc.weight.std().item() == pytest.approx(0.1, rel=0.1)
    assert net.AuxLogits.conv0.conv.weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert net.AuxLogits.fc.weight.std().item() == pytest.approx(0.001, rel=0.1)


def test_norms_have_the_originals_numbers(backbone) -> None:
    norm = backbone.network.Mixed_6e.branch1x1.bn
    assert (norm.eps, norm.momentum) == (0.001, 0.1)


def test_raises_when_there_are_no_classes() -> None:
    with pytest.raises(ValueError, match="num_classes must be at least 1, got 0"):
        InceptionV3(num_classes=0)
