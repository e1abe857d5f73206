"""Pictures of predictions land where the visualizer writes, with the right names and colors."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.run_log import RunLog
from mmlight.callbacks.visualization import Visualization
from mmlight.compat.visualizer import UniversalVisualizer
from tests.callbacks.nets import Net, build_data, build_trainer


class Drawn(Net):
    """Predicts class 1 for images that are blue in BGR."""

    classes = ("cat", "dog", "bird")
    preprocessor = SimpleNamespace(to_rgb=True)

    def validation_step(self, batch: Any, batch_idx: int) -> Any:
        images = torch.zeros(len(batch["inputs"]), 3, 120, 150, dtype=torch.uint8)
        images[:, 0] = 255
        batch["inputs"] = images
        for number, meta in enumerate(batch["metas"]):
            if batch_idx == 0:
                meta["img_path"] = f"a/{number}.jpg"
        return {"scores": torch.tensor([[0.1, 0.7, 0.2]]).expand(len(images), 3)}

    test_step = validation_step


def build(folder: Path, hook: Visualization, **log: Any) -> Any:
    announcer = Announcer("1.x")
    announcer.run = {"work_dir": str(folder)}
    return build_trainer(RunLog(**log), hook, announcer, max_epochs=2)


def test_pictures_are_drawn_at_the_interval(tmp_path: Path) -> None:
    build(tmp_path, Visualization(enable=True, interval=3)).fit(Drawn(), build_data())
    found = sorted(path.name for path in tmp_path.rglob("vis_data/vis_image/*.png"))
    # 4 images in batches of 2: those of numbers 0 and 3, after epochs 1 and 2
    assert found == ["0.jpg_1.png", "0.jpg_2.png", "3_1.png", "3_2.png"]
    (first,) = tmp_path.rglob("0.jpg_1.png")
    picture = cv2.imread(str(first))
    assert picture[5, 5].tolist() == [255, 0, 0]  # still blue, in cv2's order
    assert picture.shape[0] > 120
    assert (picture[122:] < 100).all(axis=2).any()  # with text below


def test_pictures_go_to_the_folder_of_the_hook_when_named(tmp_path: Path) -> None:
    hook = Visualization(enable=True, interval=2, out_dir=str(tmp_path / "out"), draw_gt=False)
    build(tmp_path / "w", hook).test(Drawn(), build_data(), verbose=False)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["0.jpg_0.png", "2_0.png"]
    assert not list(tmp_path.rglob("vis_image"))


def test_user_visualizer_draws_when_given(tmp_path: Path) -> None:
    seen: list[Any] = []

    class Own(UniversalVisualizer):
        def visualize_cls(self, **words: Any) -> Any:
            seen.append((words["name"], int(words["data_sample"].pred_label), words["resize"]))
            assert np.asarray(words["image"])[0, 0].tolist() == [0, 0, 255]  # RGB
            assert self.dataset_meta == {"classes": ("cat", "dog", "bird")}

    hook = Visualization(enable=True, interval=3, resize=64)
    build(tmp_path, hook, visualizer=Own()).test(Drawn(), build_data(), verbose=False)
    assert seen == [("0.jpg", 1, 64), ("3", 1, 64)]


def test_nothing_is_drawn_when_off(tmp_path: Path) -> None:
    build(tmp_path, Visualization(interval=1)).fit(Drawn(), build_data())
    assert not list(tmp_path.rglob("*.png"))
    with pytest.raises(ValueError, match="interval must be 1 or more, got 0"):
        Visualization(interval=0)
