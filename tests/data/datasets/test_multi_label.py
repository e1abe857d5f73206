import json

from mmlight.data.datasets.multi_label import MultiLabelDataset, find_present
from mmlight.data.datasets.packed import PackedLists


def test_labels_are_lists_when_there_are_several(tmp_path):
    samples = [{"img_path": "1.jpg", "gt_label": [0, 2]}, {"img_path": "2.jpg", "gt_label": []}]
    content = {"metainfo": {"classes": ["A", "B", "C"]}, "data_list": samples}
    (tmp_path / "a.json").write_text(json.dumps(content))
    dataset = MultiLabelDataset(str(tmp_path / "a.json"), data_prefix="img")
    assert [dataset.get_cat_ids(i) for i in (0, 1)] == [[0, 2], []]
    assert dataset[0] == {"img_path": "img/1.jpg", "gt_label": [0, 2], "sample_idx": 0}
    assert isinstance(dataset.data_list.columns["gt_label"], PackedLists)


def test_only_clear_classes_are_present_when_scored():
    assert find_present([0, 1, -1, 1]) == [1, 3]
