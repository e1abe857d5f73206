import pytest
import torch
from torch import nn

from mmlight.compat.cls_head import (
    ArcFaceClsHead,
    ClsHead,
    CSRAClsHead,
    LinearClsHead,
    MultiLabelClsHead,
    MultiLabelLinearClsHead,
    OldClsHead,
    OldCSRAClsHead,
    OldLinearClsHead,
    OldMultiLabelClsHead,
    OldMultiLabelLinearClsHead,
    OldStackedLinearClsHead,
    OldVisionTransformerClsHead,
    StackedLinearClsHead,
    VisionTransformerClsHead,
)
from mmlight.compat.data_sample import DataSample, find_scores, to_samples
from mmlight.models.heads.cls_head import ClsHead as PlainClsHead
from mmlight.models.losses.cross_entropy_loss import CrossEntropyLoss
from mmlight.models.losses.focal_loss import FocalLoss
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
    expected = nn.functional.cross_entropy(head.fc(FEATURES), LABELS)
    for target in (LABELS, to_samples(LABELS), list(to_samples(LABELS))):
        values = head.loss((FEATURES,), target)
        assert torch.allclose(values["loss"], expected)
        assert {"accuracy_top-1", "accuracy_top-2"} < values.keys()


def test_predicts_samples_when_new():
    head = LinearClsHead(3, 8)
    scores = head.fc(FEATURES).softmax(1)
    mine = [DataSample(metainfo=dict(number=n)) for n in range(4)]
    for given in (None, to_samples(LABELS), mine, [None] * 4):
        predictions = head.predict((FEATURES,), given)
        assert torch.equal(find_scores(predictions), scores)
        assert torch.equal(predictions[2].pred_score, scores[2])
        assert predictions[2].pred_label.tolist() == [scores[2].argmax().item()]
    assert mine[3].number == 3
    assert torch.equal(mine[3].pred_score, scores[3])
    assert head.predict((FEATURES,), to_samples(LABELS))[1].gt_label.tolist() == [1]


def test_loss_takes_logits_when_old():
    head = OldLinearClsHead(3, 8, cal_acc=True)
    logits = head.fc(FEATURES)
    expected = nn.functional.cross_entropy(logits, LABELS)
    assert torch.allclose(head.loss(logits, LABELS)["loss"], expected)
    values = head.forward_train((FEATURES,), LABELS)
    assert torch.allclose(values["loss"], expected)
    assert values["accuracy"].keys() == {"top-1"}
    assert head.compute_accuracy(logits, LABELS) == [values["accuracy"]["top-1"]]
    scores = head.simple_test((FEATURES,), post_process=False)
    assert torch.allclose(scores, logits.softmax(1))
    assert torch.equal(head.simple_test((FEATURES,), False, False), logits)
    rows = head.simple_test(FEATURES)
    assert len(rows) == 4
    assert rows[0].tolist() == pytest.approx(scores[0].tolist())


def test_loss_of_a_derived_class_counts_when_old():
    head = OldLinearClsHead(3, 8)
    assert head.compute_loss is head.loss_module
    head.compute_loss = own = nn.CrossEntropyLoss(reduction="none")
    assert head.compute_loss is own


@pytest.mark.parametrize(
    ("head", "feature"),
    [
        (StackedLinearClsHead, (8,)),
        (OldStackedLinearClsHead, (8,)),
        (VisionTransformerClsHead, (8,)),
        (OldVisionTransformerClsHead, (8,)),
        (ArcFaceClsHead, (8,)),
        (MultiLabelLinearClsHead, (8,)),
        (OldMultiLabelLinearClsHead, (8,)),
        (CSRAClsHead, (8, 2, 2)),
        (OldCSRAClsHead, (8, 2, 2)),
    ],
)
def test_heads_keep_the_contract_of_their_generation(head, feature):
    extra = dict(num_heads=2, lam=0.1) if "CSRA" in head.__name__ else {}
    extra |= dict(mid_channels=[4]) if "Stacked" in head.__name__ else {}
    loss = dict(type="FocalLoss")
    net = head(3, 8, **extra, loss=loss)
    assert isinstance(net.loss_module, FocalLoss)
    feats = (torch.rand(4, *feature),)
    target = nn.functional.one_hot(LABELS, 3).float()
    if head.__name__.startswith("Old"):
        assert net.forward_train(feats, target)["loss"].ndim == 0
        assert net.simple_test(feats, post_process=False).shape == (4, 3)
    else:
        samples = to_samples(target, LABELS)
        assert net.loss(feats, samples)["loss"].ndim == 0
        assert torch.equal(net.loss(feats, list(samples))["loss"], net.loss(feats, samples)["loss"])
        assert net.predict(feats, samples)[0].pred_score.shape == (3,)
    net.init_weights()


def test_difficult_classes_count_when_old():
    target = torch.tensor([[-1, 0], [1, 0]])
    logits = torch.rand(2, 2)
    old = OldMultiLabelClsHead()
    assert old.forward_train((logits,), target) == old.loss(logits, target.abs())
    assert old.simple_test((logits,), sigmoid=False, post_process=False) is logits
    assert MultiLabelClsHead().loss((logits,), target)["loss"] != old.loss(logits, target)["loss"]


def test_start_values_are_dicts_when_a_class_reads_them():
    assert LinearClsHead(3, 8).init_cfg["type"] == "Normal"
    assert VisionTransformerClsHead(3, 8).init_cfg["type"] == "Constant"
    assert ClsHead().init_cfg is None
    assert LinearClsHead(3, 8, None).init_cfg is None
    head = OldStackedLinearClsHead(3, 8, [4], init_cfg=dict(type="Constant", layer="Linear", val=1))
    head.init_weights()
    assert head.fc.fc.weight.std() > 0


def test_logits_pass_when_the_old_head_has_no_layer():
    head = OldClsHead(topk=1)
    expected = nn.functional.cross_entropy(FEATURES, LABELS)
    assert torch.allclose(head.forward_train((None, FEATURES), LABELS)["loss"], expected)
    assert torch.equal(head.pre_logits((None, FEATURES)), FEATURES)


@pytest.mark.parametrize("head", [LinearClsHead, OldLinearClsHead])
def test_head_raises_when_there_is_no_class(head):
    with pytest.raises(ValueError, match="num_classes must be at least 1, got 0"):
        head(0, 8)
