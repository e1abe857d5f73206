"""Scalars are compared with the originals' in tests/reference/test_logs.py."""

from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mmlight.loggers.tensorboard import TensorBoard
from mmlight.read.config import Config
from tests.loggers.stand_ins import make_view


@pytest.mark.parametrize(
    ("generation", "given", "folder"),
    [("0.x", None, "tf_logs"), ("1.x", None, "stamp/vis_data"), ("1.x", "mine", "mine")],
)
def test_everything_lands_where_mm_puts_it(
    tmp_path: Path, generation: str, given: str | None, folder: str
) -> None:
    logger = TensorBoard(given and str(tmp_path / given))
    logger.experiment.add_scalar("a", 1)  # Lightning asks early; nothing may be written yet
    logger.enter_run(make_view(tmp_path, generation))
    logger.log_metrics({"a": 1.5, "note": "text"}, step=2)
    logger.log_image("pic", [np.zeros((4, 6, 3), np.uint8)], step=3)
    logger.log_config(Config({"x": 1}))
    logger.save()
    logger.finalize("success")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.parent for path in files] == [tmp_path / folder]
    events = EventAccumulator(str(tmp_path / folder))
    events.Reload()
    tags = events.Tags()
    assert tags["scalars"] == ["a"]
    assert (tags["images"], events.Images("pic")[0].step) == (["pic"], 3)
    assert set(tags["tensors"]) == {"note/text_summary", "config/text_summary"}


def test_each_run_has_files_of_its_own(tmp_path: Path) -> None:
    logger = TensorBoard()
    for name in ("a", "b"):
        logger.enter_run(make_view(tmp_path / name))
        logger.log_metrics({"x": 1.0}, step=1)
        logger.finalize("success")
    assert len(list(tmp_path.rglob("events*"))) == 2
