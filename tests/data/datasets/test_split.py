import pytest

from mmlight.data.datasets.records import Records
from mmlight.data.datasets.split import SplitDataset


class _Numbers(SplitDataset):
    def load_data_list(self):
        return Records({"gt_label": [3, 4] if self.split == "train" else [5]})


def test_split_chooses_the_samples():
    assert len(_Numbers("data")) == 2
    test = _Numbers("data", split="test", data_prefix="numbers", classes=["a"] * 6)
    assert len(test) == 1
    assert test.data_prefix == {"root": "data/numbers"}
    assert test.test_mode is False


def test_raises_when_split_or_folder_is_wrong():
    with pytest.raises(ValueError, match="split must be 'train' or 'test', got 'val'"):
        _Numbers("data", split="val")
    with pytest.raises(ValueError, match="data_root or data_prefix must name the folder"):
        _Numbers()
