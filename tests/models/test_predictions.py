import pytest
import torch

from mmlight.models.heads.cls_head import ClsHead
from mmlight.models.heads.multi_label_head import MultiLabelClsHead
from mmlight.models.predictions import describe_scores


def test_names_the_best_class_where_there_is_a_name() -> None:
    found = describe_scores(torch.tensor([0.1, 0.7, 0.2]), ClsHead(), ("cat", "dog"))
    assert (found["pred_label"], found["pred_class"]) == (1, "dog")
    assert found["pred_score"] == pytest.approx(0.7)
    assert found["pred_scores"].tolist() == pytest.approx([0.1, 0.7, 0.2])
    last = describe_scores(torch.tensor([0.0, 0, 1]), ClsHead(), ("cat", "dog"))
    assert last["pred_class"] == "2"


def test_names_every_class_of_an_image_when_it_may_have_several() -> None:
    found = describe_scores(torch.tensor([0.1, 0.4, 0.9]), MultiLabelClsHead(thr=0.3), ("a", "b"))
    assert (found["pred_label"], found["pred_class"]) == ([1, 2], ["b", "2"])
    assert found["pred_score"] == pytest.approx([0.4, 0.9])
