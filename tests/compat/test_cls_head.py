import pytest
import torch
from torch import nn

from mmlight.compat.cls_head import ClsHead, LinearClsHead, OldClsHead, OldLinearClsHead
from mmlight.models.heads.cls_head import ClsHead as PlainClsHead
from mmlight.models.losses.cross_entropy_loss import CrossEntropyLoss
from mmlight.models.losses.label_smooth_loss import LabelSmoothLoss

FEATURES = torch.rand(4, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1, 2, 0])
SMOOTH = dict(type="LabelSmoothLoss", label_smooth_val=0.2)


@pytest.mark.parametrize("head", [ClsHead, OldClsHead])
def test_loss_is_built_when_a_dict(head):
    assert isinstance(head(SMOOTH).loss_module, LabelSmoothLoss)
    assert isinstance(head().loss_module, CrossEntropyLoss)
    live = nn.L1Loss()
    assert head(live).loss_module is live
    assert isinstance(head(), PlainClsHead)


@pytest.mark.parametrize("head", [LinearClsHead, OldLinearClsHead])
def test_weights_start_as_told_when_initialized(head):
    net = head(3, 8, init_cfg=dict(type="Constant", layer="Linear", val=2, bias=1))
    net.init_weights()
    assert (net.fc.weight == 2).all()
    assert (net.fc.bias == 1).all()
    net = head(3, 8)
    net.fc.bias.data.fill_(5)
    net.init_weights()
    assert (net.fc.bias == 0).all()
    assert 0.001 < net.fc.weight.std() < 0.05


def test_weights_start_as_told_when_a_class_changes_init_cfg():
    class MyHead(LinearClsHead):
        def __init__(self):
            super().__init__(3, 8)
            self.init_cfg = [dict(type="Constant", layer="Linear", val=3)]

    head = MyHead()
    head.init_weights()
    assert (head.fc.weight == 3).all()


def test_loss_takes_features_when_new():
    head = LinearClsHead(3, 8, topk=(1, 2), cal_acc=True)
    values = head.loss((FEATURES,), LABELS)
    expected = nn.functional.cross_entropy(head.fc(FEATURES), LABELS)
    assert torch.allclose(values["loss"], expected)
    assert {"accuracy_top-1", "accuracy_top-2"} < values.keys()
    assert head.predict((FEATURES,)).sum(1).tolist() == pytest.approx([1] * 4)


def test_loss_takes_logits_when_old():
    head = OldLinearClsHead(3, 8, cal_acc=True)
    logits = head.fc(FEATURES)
    expected = nn.functional.cross_entropy(logits, LABELS)
    assert torch.allclose(head.loss(logits, LABELS)["loss"], expected)
    values = head.forward_train((FEATURES,), LABELS)
    assert torch.allclose(values["loss"], expected)
    assert "accuracy_top-1" in values
    assert head.compute_loss is head.loss_module
    scores = head.simple_test((FEATURES,), post_process=False)
    assert torch.allclose(scores, logits.softmax(1))
    assert torch.equal(head.simple_test((FEATURES,), False, False), logits)
    rows = head.simple_test(FEATURES)
    assert len(rows) == 4
    assert rows[0].tolist() == pytest.approx(scores[0].tolist())


def test_logits_pass_when_the_old_head_has_no_layer():
    head = OldClsHead(topk=1)
    expected = nn.functional.cross_entropy(FEATURES, LABELS)
    assert torch.allclose(head.forward_train((None, FEATURES), LABELS)["loss"], expected)
    assert torch.equal(head.pre_logits((None, FEATURES)), FEATURES)


@pytest.mark.parametrize("head", [LinearClsHead, OldLinearClsHead])
def test_head_raises_when_there_is_no_class(head):
    with pytest.raises(ValueError, match="num_classes must be at least 1, got 0"):
        head(0, 8)
