import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmlight.compat import visualizer as module
from mmlight.compat.data_sample import DataSample
from mmlight.compat.vis_backend import BackendLogger, BaseVisBackend
from mmlight.compat.visualizer import UniversalVisualizer, Visualizer
from mmlight.loggers.tensorboard import TensorBoard


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(Visualizer, "_instances", {})


class Trainer:
    def __init__(self, *loggers):
        self.loggers = list(loggers)
        self.fit_loop = SimpleNamespace(total_batch_idx=0)


class Own(BaseVisBackend):
    def __init__(self):
        super().__init__()
        self.rows = []

    def add_scalars(self, scalar_dict, step=0, file_path=None, **kwargs):
        self.rows.append(dict(scalar_dict))

    def close(self):
        self.rows.append("closed")


def test_a_run_writes_everywhere(tmp_path):
    own = Own()
    trainer = Trainer(BackendLogger(own))
    made = Visualizer.begin(trainer, str(tmp_path / "v"))
    assert Visualizer.of_run(trainer) is made is Visualizer.get_current_instance()
    made.add_scalars({"a": 1}, step=2, file_path="own.json")
    made.close()
    assert own.rows == [{"a": 1}, "closed"]
    for name in ("scalars.json", "own.json"):
        assert json.loads((tmp_path / "v" / name).read_text()) == {"a": 1, "step": 2}
    assert made.get_backend("Own") is own
    with pytest.raises(KeyError, match=r"'Other' is not among \['LocalVisBackend', 'Own'\]"):
        made.get_backend("Other")


def test_instances_are_found_by_name_and_follow_the_run(tmp_path):
    class Mine(Visualizer):
        """A user's own."""

    early = Visualizer.get_current_instance()  # what hooks ask for before there is a run
    assert isinstance(early, UniversalVisualizer)
    mine = Mine(name="mine", vis_backends=[Own()], save_dir=str(tmp_path))
    assert Visualizer.get_current_instance() is Visualizer.get_instance("mine") is mine
    mine.add_scalar("a", 1)
    assert (tmp_path / "vis_data" / "scalars.json").exists()
    trainer = Trainer()
    assert Visualizer.begin(trainer, str(tmp_path / "run"), mine) is mine
    names = [type(backend).__name__ for backend in mine._vis_backends]
    assert names == ["LocalVisBackend", "Own"]
    assert Visualizer.get_current_instance() is mine
    other = Trainer(TensorBoard())
    found = Visualizer.of_run(other, str(tmp_path))
    assert found is Visualizer.get_current_instance() is early  # not that of the run before
    assert found.get_backend("TensorBoard").logger is other.loggers[0]


def test_pictures_tell_truth_and_prediction(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(
        module, "draw_prediction", lambda image, texts: lines.append(texts) or image
    )
    made = UniversalVisualizer()
    sample = DataSample().set_gt_label(2)
    sample.set_field(torch.tensor([0, 1]), "pred_label")
    sample.set_field(torch.tensor([0.25, 0.7, 0.05]), "pred_score")
    image = np.zeros((20, 40, 3), np.uint8)
    image[..., 0] = 200
    drawn = made.visualize_cls(image, sample, classes=("a", "b", "c"), resize=10)
    assert drawn.shape == (10, 20, 3)
    assert drawn[0, 0].tolist() == [200, 0, 0]
    assert lines[-1] == ["Ground truth: 2 (c)", "Prediction: 0, 0.25 (a); 1, 0.70 (b)"]
    made.dataset_meta = {"classes": ("x", "y", "z")}
    file = str(tmp_path / "a.png")
    small = made.visualize_cls(
        image, sample, draw_gt=False, draw_score=False, rescale_factor=0.5, out_file=file
    )
    assert lines[-1] == ["Prediction: 0 (x); 1 (y)"]
    assert small.shape == (10, 20, 3)
    assert (tmp_path / "a.png").exists()


def test_image_is_kept_and_shown(monkeypatch):
    shown = []
    monkeypatch.setattr(module.Image.Image, "show", lambda self, title: shown.append(title))
    made = Visualizer()
    with pytest.raises(ValueError, match="the visualizer has no image"):
        made.get_image()
    made.set_image(np.zeros((2, 2, 3)))
    made.show(win_name="w")
    assert (made.get_image().dtype, shown) == (np.uint8, ["w"])
