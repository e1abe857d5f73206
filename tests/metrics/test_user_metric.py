import torch

from mmlight.compat.base_metric import BaseMetric
from mmlight.metrics.user_metric import UserMetric

SCORES = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])
METAS = [{"img_path": "a"}, {"img_path": "b"}]


class Probe(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results.append((data_batch, data_samples))

    def compute_metrics(self, results):
        return {"classes": self.dataset_meta["classes"], "batches": len(results)}

    def evaluate(self, size):
        return {**super().evaluate(size), "size": size}


class Dataset:
    metainfo = {"classes": ("x", "y", "z")}  # noqa: RUF012


class Head:
    def choose_labels(self, scores):
        return [row.nonzero().flatten() for row in scores > 0.25]


def test_metric_sees_samples_as_in_mmengine():
    probe = Probe()
    metric = UserMetric(probe)
    metric.attach(Dataset)
    batch = {"inputs": "images", "metas": METAS, "places": None, "target": None}
    metric.update(SCORES, torch.tensor([2, 1]), batch)
    ((data_batch, samples),) = probe.results
    assert set(data_batch) == {"inputs", "data_samples"}
    assert [s.gt_label.tolist() for s in data_batch["data_samples"]] == [[2], [1]]
    assert samples[1]["img_path"] == "b"
    assert samples[1]["num_classes"] == 3
    assert samples[1]["pred_score"].tolist() == SCORES[1].tolist()
    assert [s["pred_label"].tolist() for s in samples] == [[0], [1]]
    assert [s["gt_label"].tolist() for s in samples] == [[2], [1]]
    assert metric.compute() == {"classes": ("x", "y", "z"), "batches": 1, "size": 2}


def test_head_says_what_is_found_when_it_can():
    probe = Probe()
    metric = UserMetric(probe)
    metric.attach(Dataset, Head())
    target = torch.tensor([[1, 0, -1], [0, 1, 0]])
    metric.update(SCORES, target, {"metas": METAS})
    ((_, samples),) = probe.results
    assert [s["pred_label"].tolist() for s in samples] == [[0], [1, 2]]
    assert [s["gt_score"].tolist() for s in samples] == target.tolist()


def test_nothing_is_processed_when_no_sample_counts():
    probe = Probe()
    metric = UserMetric(probe)
    metric.attach(Dataset)
    metric.update(SCORES[:0], torch.tensor([]), {})
    assert probe.results == []


def test_old_results_are_forgotten_when_data_come():
    probe = Probe()
    probe.results.append(1)
    UserMetric(probe).attach(Dataset)
    assert probe.results == []
