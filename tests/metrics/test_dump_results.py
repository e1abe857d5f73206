import pickle

import pytest
import torch

from mmlight.metrics.dump_results import DumpResults


def test_samples_are_written(tmp_path):
    metric = DumpResults(str(tmp_path / "out.pkl"))
    metric.process(None, [{"pred_score": torch.tensor([0.1, 0.9]), "img_path": "a"}])
    metric.process(None, [{"pred_score": torch.tensor([0.2, 0.8]), "img_path": "b"}])
    assert metric.evaluate(2) == {}
    rows = pickle.loads((tmp_path / "out.pkl").read_bytes())
    assert [row["img_path"] for row in rows] == ["a", "b"]
    assert rows[1]["pred_score"].tolist() == pytest.approx([0.2, 0.8])


def test_raises_when_the_file_is_no_pickle():
    with pytest.raises(ValueError, match=r"\.pkl or \.pickle, got 'out\.json'"):
        DumpResults("out.json")
