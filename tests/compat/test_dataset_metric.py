import numpy as np
import pytest
import torch

from mmlight.compat.base_dataset import OldBaseDataset, OldConcatDataset
from mmlight.compat.dataset_metric import DatasetMetric
from mmlight.data.datasets.k_fold import KFoldDataset
from mmlight.metrics.evaluator import Evaluator

SCORES = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])


class Mine(OldBaseDataset):
    CLASSES = ("a", "b")

    def __init__(self, labels, **kwargs):
        self.labels = labels
        super().__init__("", [], **kwargs)

    def load_annotations(self):
        return [{"gt_label": label} for label in self.labels]

    def evaluate(self, results, metric="mine", metric_options=None, indices=None, logger=None):
        assert all(isinstance(row, np.ndarray) and row.shape == (2,) for row in results)
        labels = self.get_gt_labels()
        labels = labels if indices is None else labels[indices]
        hits = np.vstack(results).argmax(1) == labels
        return {f"{metric}_{(metric_options or {}).get('k')}": float(hits.mean())}


class Loader:
    def __init__(self, dataset):
        self.dataset = dataset


def values(dataset, **options):
    evaluator = Evaluator([DatasetMetric(options)])
    evaluator.attach(Loader(dataset))
    for start in (0, 3):
        part = slice(start, start + 3)
        target = torch.zeros(len(SCORES[part]), dtype=torch.int64)
        evaluator.update(SCORES[part], {"target": target})
    return evaluator.compute()


def test_dataset_gets_scores_and_words():
    dataset = Mine([0, 1, 1, 1])
    assert values(dataset, metric="own", metric_options={"k": 3}) == {"own_3": 0.75}


def test_dataset_gets_its_indices_when_divided():
    dataset = KFoldDataset(Mine([1] * 4 + [0, 1, 0, 1]), fold=1, num_splits=2, test_mode=True)
    assert values(dataset) == {"mine_None": 1.0}


def test_first_dataset_evaluates_all_when_joined():
    first, second = Mine([0, 1]), Mine([1, 1])
    assert values(OldConcatDataset([first, second], separate_eval=False)) == {"mine_None": 0.75}
    assert len(first.data_infos) == 2


def test_raises_when_the_dataset_returns_no_dict():
    class Wrong(Mine):
        def evaluate(self, results, **kwargs):
            return 3.5

    with pytest.raises(ValueError, match=r"a dict of values by name, got 3\.5"):
        values(Wrong([0, 1, 1, 1]))
