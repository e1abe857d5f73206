import pytest
import torch

from mmlight.analysis import Analysis
from mmlight.metrics.accuracy import Accuracy

THRS_1X = [0.0, None, 0.3, (0.0, 0.1, None), [0.5]]
THRS_0X = [None, 0.0, 0.3, (0.0, 0.1, 0.5), (0.2,)]


def scores_and_target(count=997, classes=7):
    generator = torch.Generator().manual_seed(3)
    scores = torch.rand(count, classes, generator=generator).softmax(1)
    return scores, torch.randint(classes, (count,), generator=generator)


def ours(scores, target, **options):
    metric = Accuracy(**options)
    for batch, labels in zip(scores.split(64), target.split(64), strict=True):
        metric.update(batch, labels)
    return {name: value.item() for name, value in metric.compute().items()}


def theirs_1x(scores, target, topk, thrs):
    from mmengine.evaluator import Evaluator
    from mmpretrain.evaluation import Accuracy
    from mmpretrain.structures import DataSample

    samples = [
        DataSample().set_gt_label(int(label)).set_pred_score(score)
        for score, label in zip(scores, target, strict=True)
    ]
    evaluator = Evaluator(metrics=Accuracy(topk=topk, thrs=thrs))
    evaluator.process(samples)
    return evaluator.evaluate(len(samples))


def theirs_0x(scores, target, topk, thrs):
    from mmcls.datasets import BaseDataset

    class Labelled(BaseDataset):
        def load_annotations(self):
            return [{"gt_label": label} for label in target.numpy()]

    options = {} if thrs is None else {"thrs": thrs}
    dataset = Labelled("", [])
    return dataset.evaluate(list(scores.numpy()), metric_options={"topk": topk, **options})


@pytest.mark.parametrize("topk", [1, (1,), (1, 5), [2, 3]])
@pytest.mark.parametrize("thrs", THRS_1X)
def test_accuracy_equals_mmpretrain(mmpretrain, topk, thrs):
    scores, target = scores_and_target()
    theirs = mmpretrain(theirs_1x, scores, target, topk, thrs)
    assert list(ours(scores, target, topk=topk, thrs=thrs).items()) == list(theirs.items())


@pytest.mark.parametrize("topk", [1, (1,), (1, 5), (2, 3)])
@pytest.mark.parametrize("thrs", THRS_0X)
def test_accuracy_equals_mmcls(mmcls, topk, thrs):
    scores, target = scores_and_target()
    theirs = mmcls(theirs_0x, scores, target, topk, thrs)
    own = ours(scores, target, topk=topk, thrs=0.0 if thrs is None else thrs, generation="0.x")
    assert list(own.items()) == list(theirs.items())


def theirs_matrix(found, true, classes):
    from mmpretrain.evaluation import ConfusionMatrix

    return ConfusionMatrix.calculate(found, true, num_classes=classes).tolist()


def test_confusion_matrix_equals_mmpretrain(mmpretrain):
    scores, target = scores_and_target()
    found = scores.argmax(1)
    labels = zip(target.tolist(), found.tolist(), strict=True)
    rows = [{"gt_label": true, "pred_label": label} for true, label in labels]
    matrix = Analysis(rows, range(7)).confusion_matrix()
    assert matrix.tolist() == mmpretrain(theirs_matrix, found, target, 7)
