import numpy as np
import pytest
import torch

from mmlight.compat.data_sample import (
    DataSample,
    DataSamples,
    find_scores,
    find_target,
    format_label,
    format_score,
    takes,
    to_samples,
)

SOFT = torch.tensor([[0.25, 0.75], [1.0, 0.0]])
LABELS = torch.tensor([1, 0])


def test_fields_and_facts_are_attributes():
    sample = DataSample(metainfo=dict(number=3), own="a")
    sample.set_gt_label(2).set_pred_score([0.5, 0.25])
    assert (sample.number, sample.own, sample.num_classes) == (3, "a", 2)
    assert sample.gt_label.tolist() == [2]
    assert sample.keys() == ["own", "gt_label", "pred_score"]
    assert "gt_label" in sample
    assert "number" in sample
    assert "gt_score" not in sample
    assert sample.get("gt_score", 5) == 5
    assert sample.pop("own") == "a"
    assert sample.get("own") is None
    assert sample.pop("own", 1) == 1
    sample.more = 4
    assert sample.get("more") == 4
    sample.set_field(9, "fact", field_type="metainfo")
    assert sample.metainfo == dict(number=3, num_classes=2, fact=9)
    assert "gt_label" in repr(sample)
    with pytest.raises(AttributeError, match="DataSample has no 'nonesuch'"):
        _ = sample.nonesuch


def test_samples_are_made_when_asked_for():
    samples = to_samples(SOFT, LABELS)
    assert len(samples) == 2
    assert samples.batched is not None
    assert torch.equal(find_target(samples), SOFT)
    assert samples.batched is not None
    assert samples[1].gt_label.tolist() == [0]
    assert samples[0].num_classes == 2
    assert samples.batched is None
    samples[0].set_gt_score([1, 0])
    assert find_target(samples).tolist() == [[1, 0], [1, 0]]


def test_target_is_found_however_it_is_packed():
    for samples in (to_samples(LABELS), list(to_samples(LABELS)), LABELS):
        assert torch.equal(find_target(samples), LABELS)
    many = [torch.tensor([0, 1]), torch.tensor([1])]
    for samples in (to_samples(many), list(to_samples(many))):
        assert find_target(samples, many=True, num_classes=2).tolist() == [[1, 1], [0, 1]]
    assert find_target(LABELS, many=True, num_classes=2).tolist() == [[0, 1], [1, 0]]
    for samples in (to_samples(SOFT, LABELS), list(to_samples(SOFT, LABELS))):
        assert torch.equal(find_target(samples, scores=False), LABELS)


def test_scores_are_found_however_they_are_packed():
    samples = DataSamples(pred_score=SOFT)
    assert find_scores(SOFT) is SOFT
    assert find_scores(samples) is SOFT
    assert torch.equal(find_scores(list(samples)), SOFT)
    assert torch.equal(find_scores([row.numpy() for row in SOFT]), SOFT)


def test_parameters_are_found_by_name():
    assert takes(lambda a, *, b=1: None, "b")
    assert not takes(lambda a, **c: None, "b")


def test_labels_and_scores_take_many_forms():
    for value in (3, np.int64(3), np.array(3), torch.tensor(3), [3], np.array([3])):
        assert format_label(value).tolist() == [3]
        assert format_label(value).dtype == torch.int64
    assert format_score([0.5, 1]).tolist() == [0.5, 1]
    assert format_score(np.array([1, 0])).dtype == torch.float32
    with pytest.raises(ValueError, match="one dimension as a score, got 2"):
        format_score(np.zeros((2, 2)))
    with pytest.raises(TypeError, match="got 'three'"):
        format_label("three")
