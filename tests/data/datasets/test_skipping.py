import logging
from pathlib import Path

import numpy as np
import pytest
from torch.utils.data import DataLoader

from mmlight.data.collate import CountedCollate, collate
from mmlight.data.datasets.base import BaseDataset
from mmlight.data.datasets.custom import CustomDataset
from mmlight.data.datasets.padded import PaddedView
from mmlight.data.datasets.skipping import SkipCount, mark_counted
from mmlight.data.transforms.load import LoadImageFromFile
from mmlight.data.transforms.pack import PackInputs
from mmlight.data.transforms.resize import Resize
from mmlight.errors import DataError
from tests import layouts


class Small(BaseDataset):
    def load_data_list(self):
        return [{"gt_label": i} for i in range(4)]


class Damaged(BaseDataset):
    """Every third file cannot be read."""

    def load_data_list(self):
        return [{"gt_label": i} for i in range(30)]

    def prepare_data(self, idx):
        if idx % 3 == 0:
            raise DataError(f"{idx}.jpg", "is no image")
        return super().prepare_data(idx)


def test_count_is_shared_when_workers_are_forked():
    logging.getLogger("mmlight").setLevel(logging.ERROR)
    try:
        dataset = Damaged(on_error="skip")
        loader = DataLoader(
            dataset, num_workers=2, batch_size=5, multiprocessing_context="fork", collate_fn=list
        )
        samples = [sample for batch in loader for sample in batch]
    finally:
        logging.getLogger("mmlight").setLevel(logging.NOTSET)
    assert len(samples) == 30
    assert [sample["counted"] for sample in samples] == [i % 3 != 0 for i in range(30)]
    assert all(sample["gt_label"] % 3 for sample in samples)
    assert dataset.skipped.total >= 10


def test_replacement_is_not_counted_when_ranks_share_the_data(tmp_path):
    layouts.write_images(tmp_path, ["a/1.jpg", "b/2.jpg", "b/3.jpg"])
    (tmp_path / "b/2.jpg").write_bytes(b"no image")
    steps = [LoadImageFromFile(), Resize(scale=(8, 8)), PackInputs()]
    dataset = CustomDataset(str(tmp_path), pipeline=steps, on_error="skip", test_mode=True)
    view = PaddedView(dataset, world_size=2)
    batch = CountedCollate(collate)([view[i] for i in range(4)])
    assert batch["counted"].tolist() == [True, False, True, False]
    assert batch["inputs"].shape == (4, 3, 8, 8)
    with pytest.raises(DataError, match=r"b/2\.jpg: .*image"):
        CustomDataset(str(tmp_path), pipeline=steps)[1]


def test_file_and_count_are_told_when_a_sample_is_skipped(caplog):
    count = SkipCount()
    count.add("sample 3 of list.txt", DataError("a.jpg", "is no image"))
    count.add("sample 4 of list.txt", OSError("no disk"))
    assert count.total == 2
    assert [record.getMessage() for record in caplog.records] == [
        "Skipped sample 3 of list.txt, a.jpg: is no image (1 skipped so far).",
        "Skipped sample 4 of list.txt, no disk (2 skipped so far).",
    ]
    assert {record.name for record in caplog.records} == {"mmlight"}


def test_mark_leaves_sample_alone_when_it_is_no_dict():
    sample = {"a": 1}
    assert mark_counted(sample, False) == {"a": 1, "counted": False}
    assert sample == {"a": 1}
    assert mark_counted((1, 2), False) == (1, 2)


def unreadable(*labels):
    def read(results):
        if results["gt_label"] in labels:
            raise DataError(f"{results['gt_label']}.jpg", "is no image")
        return results

    return read


def test_unreadable_file_stops_when_nothing_else_is_asked_for():
    with pytest.raises(DataError, match=r"2\.jpg: is no image"):
        Small(pipeline=[unreadable(2)])[2]


@pytest.mark.parametrize("test_mode", [False, True])
def test_unreadable_file_is_replaced_and_told_when_skipping(caplog, test_mode):
    np.random.seed(3)
    dataset = Small(pipeline=[unreadable(2)], on_error="skip", test_mode=test_mode)
    assert dataset[1] == {"gt_label": 1, "sample_idx": 1, "counted": True}
    other = dataset[2]
    assert (other["counted"], other["gt_label"] != 2) == (False, True)
    messages = [record.getMessage() for record in caplog.records]
    assert messages[0] == "Skipped sample 2 of Small, 2.jpg: is no image (1 skipped so far)."
    assert dataset.skipped.total == len(messages)


def test_missing_file_is_replaced_when_skipping(caplog):
    def read(results):
        if results["gt_label"] < 3:
            Path(f"nowhere/{results['gt_label']}.jpg").read_bytes()
        return results

    assert Small(pipeline=[read], on_error="skip")[0]["gt_label"] == 3
    assert "No such file or directory: 'nowhere/0.jpg'" in caplog.text


def test_skipping_ends_when_no_file_can_be_read():
    dataset = Small(pipeline=[unreadable(*range(4))], on_error="skip", max_refetch=5)
    with pytest.raises(DataError, match="6 samples in a row"):
        dataset[0]
    assert dataset.skipped.total == 6


def test_rejected_test_sample_stops_when_skipping():
    with pytest.raises(DataError, match="rejected sample 1 in test mode"):
        Small(pipeline=[lambda r: None], on_error="skip", test_mode=True)[1]


def test_other_errors_stop_when_skipping():
    with pytest.raises(ZeroDivisionError):
        Small(pipeline=[lambda r: 1 / 0], on_error="skip")[0]


def test_dataset_raises_when_on_error_is_unknown():
    with pytest.raises(ValueError, match="on_error must be 'raise' or 'skip', got 'ignore'"):
        Small(on_error="ignore")


def test_count_is_that_of_all_parts_when_a_subset_skips():
    dataset = Small(pipeline=[unreadable(2)], on_error="skip")
    dataset.get_subset([2, 3])[0]
    assert dataset.skipped.total > 0
