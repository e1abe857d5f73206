"""Datasets made of others: the same samples in the same order, labels and facts."""

import json

import numpy as np
import pytest

from mmlight.compat.base_dataset import OldMultiLabelDataset
from mmlight.data.datasets.base import BaseDataset
from mmlight.data.datasets.class_balanced import ClassBalancedDataset
from mmlight.data.datasets.k_fold import KFoldDataset
from mmlight.errors import UnsupportedValueError
from mmlight.registry import DATASETS
from tests import layouts

COUNT = 137


@pytest.fixture
def listed(tmp_path):
    """Write a list of images whose classes are rare to a different degree."""
    labels = np.random.default_rng(0).choice(5, COUNT, p=[0.6, 0.25, 0.1, 0.04, 0.01])
    lines = [f"{place}.jpg {label}" for place, label in enumerate(labels)]
    return str(layouts.write_lines(tmp_path / "list.txt", lines))


def theirs_1x(config):
    """Describe a dataset: its facts, and each sample with its labels."""
    import mmpretrain.datasets  # noqa: F401
    from mmengine.registry import DATASETS

    config = dict(config)
    dataset = DATASETS.build({**config, "_scope_": "mmpretrain"})
    samples = [dataset.get_data_info(i) for i in range(len(dataset))]
    items = [dataset[i] for i in range(len(dataset))]
    labels = None
    if hasattr(dataset, "get_cat_ids"):
        labels = [dataset.get_cat_ids(i) for i in range(len(dataset))]
    return dataset.metainfo, samples, items, labels


def theirs_0x(config):
    """Describe a dataset: its classes, and the place and label of each sample."""
    from mmcls.datasets import build_dataset

    dataset = build_dataset(config)
    samples = [dataset[i] for i in range(len(dataset))]
    labels = None
    if hasattr(dataset, "get_cat_ids"):
        labels = [dataset.get_cat_ids(i) for i in range(len(dataset))]
    names = [sample["img_info"]["filename"] for sample in samples]
    return dataset.CLASSES, names, [int(sample["gt_label"]) for sample in samples], labels


def inside(listed, **more):
    return {
        "type": "CustomDataset",
        "ann_file": listed,
        "data_prefix": "img",
        "classes": list("abcde"),
        **more,
    }


def wrap_all(dataset):
    """Return every wrapper around a dataset, alone and one in another."""
    folds = [
        {"type": "KFoldDataset", "dataset": dataset, "fold": fold, "num_splits": 4, **more}
        for fold in (0, 3)
        for more in (
            {"seed": 7},
            {"seed": None, "test_mode": True},
            {"seed": 11, "test_mode": True},
        )
    ]
    repeated = {"type": "RepeatDataset", "dataset": dataset, "times": 3}
    return [
        repeated,
        {"type": "ConcatDataset", "datasets": [dataset, dataset, repeated]},
        *(
            {"type": "ClassBalancedDataset", "dataset": dataset, "oversample_thr": thr}
            for thr in (0.0, 0.02, 0.3, 1.0)
        ),
        *folds,
        {"type": "RepeatDataset", "dataset": folds[0], "times": 2},
    ]


def build_ours(config):
    return DATASETS.in_scope("mmpretrain").build(config)


@pytest.mark.parametrize("number", range(len(wrap_all({}))))
def test_wrapper_equals_mmpretrain_when_built(mmpretrain, listed, number):
    config = wrap_all(inside(listed))[number]
    facts, samples, items, labels = mmpretrain(theirs_1x, config)
    ours = build_ours(config)
    assert ours.metainfo == facts
    assert [ours.get_data_info(i) for i in range(len(ours))] == samples
    assert [ours[i] for i in range(len(ours))] == items
    cat_ids = [ours.get_cat_ids(i) for i in range(len(ours))]
    assert labels in (None, cat_ids)
    assert ours.get_gt_labels().tolist() == [sample["gt_label"] for sample in samples]
    assert [[label] for label in ours.get_gt_labels().tolist()] == cat_ids


@pytest.mark.parametrize("number", range(len(wrap_all({}))))
def test_wrapper_equals_mmcls_when_built(mmcls, listed, number):
    config = wrap_all(inside(listed, pipeline=[]))[number]
    classes, names, labels, cat_ids = mmcls(theirs_0x, config)
    ours = DATASETS.in_scope("mmcls").build(config)
    assert list(ours.CLASSES) == classes
    samples = [ours[i] for i in range(len(ours))]
    assert [sample["img_path"] for sample in samples] == [f"img/{name}" for name in names]
    assert ours.get_gt_labels().tolist() == labels
    assert cat_ids in (None, [ours.get_cat_ids(i) for i in range(len(ours))])


def test_base_dataset_equals_mmpretrain_when_named(mmpretrain, tmp_path):
    samples = [{"img_path": f"{place}.jpg", "gt_label": place % 2} for place in range(5)]
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"metainfo": {"classes": ["a", "b"]}, "data_list": samples}))
    config = {"type": "BaseDataset", "ann_file": str(path), "data_prefix": "img"}
    facts, samples, items, labels = mmpretrain(theirs_1x, config)
    ours = build_ours(config)
    assert ours.metainfo == facts
    assert [ours.get_data_info(i) for i in range(len(ours))] == samples
    assert [ours[i] for i in range(len(ours))] == items
    assert [ours.get_cat_ids(i) for i in range(len(ours))] == labels


def theirs_refused(config):
    import mmpretrain.datasets  # noqa: F401
    from mmengine.registry import DATASETS

    try:
        DATASETS.build({**config, "_scope_": "mmpretrain"})
    except (ValueError, TypeError):
        return True
    return False


@pytest.mark.parametrize(
    ("classes", "ignore_keys", "refused"),
    [
        (list("abcde"), None, False),
        (list("abced"), None, True),
        (None, None, True),
        (list("abced"), "classes", False),
        (list("abced"), ["classes"], False),
        (None, ["classes"], False),
    ],
)
def test_datasets_are_refused_as_in_mmpretrain_when_facts_differ(
    mmpretrain, listed, classes, ignore_keys, refused
):
    parts = [inside(listed), inside(listed, classes=classes)]
    config = {"type": "ConcatDataset", "datasets": parts, "ignore_keys": ignore_keys}
    assert mmpretrain(theirs_refused, config) is refused
    if refused:
        with pytest.raises(UnsupportedValueError, match="the same 'classes' in metainfo"):
            build_ours(config)
    else:
        assert tuple("abcde") == build_ours(config).CLASSES


def theirs_refetched(config, seed):
    import numpy as np
    from mmpretrain.datasets import KFoldDataset
    from mmpretrain.registry import DATASETS, TRANSFORMS

    class RejectEven:
        def __call__(self, results):
            return results if results["sample_idx"] % 2 else None

    TRANSFORMS.register_module(module=RejectEven, force=True)
    dataset = DATASETS.build(config)
    np.random.seed(seed)
    assert isinstance(dataset, KFoldDataset)
    return [dataset[i]["img_path"] for i in range(len(dataset))]


def test_fold_draws_as_mmpretrain_when_samples_are_rejected(mmpretrain, listed):
    fold = {"type": "KFoldDataset", "fold": 1, "seed": 2}
    reject = [{"type": "RejectEven"}]
    theirs = mmpretrain(theirs_refetched, {**fold, "dataset": inside(listed, pipeline=reject)}, 9)

    def reject_even(results):
        return results if results["sample_idx"] % 2 else None

    dataset = build_ours({**inside(listed), "pipeline": [reject_even]})
    ours = KFoldDataset(dataset, fold=1, seed=2)
    np.random.seed(9)
    assert [ours[i]["img_path"] for i in range(len(ours))] == theirs


def theirs_own(kind, seed):
    """Wrap a user's dataset with several labels per image."""
    import numpy as np

    infos = []
    rng = np.random.default_rng(seed)
    for place in range(60):
        present = sorted(
            {int(label) for label in rng.choice(6, 2, p=[0.5, 0.3, 0.1, 0.05, 0.03, 0.02])}
        )
        infos.append((f"{place}.jpg", present))
    if kind == "mmcls":
        from mmcls.datasets import ClassBalancedDataset, MultiLabelDataset

        class Own(MultiLabelDataset):
            CLASSES = tuple("abcdef")

            def load_annotations(self):
                return [
                    {
                        "img_prefix": self.data_prefix,
                        "img_info": {"filename": name},
                        "gt_label": np.isin(np.arange(6), present).astype(np.int8),
                    }
                    for name, present in infos
                ]

        dataset = Own("img", [])
    else:
        from mmengine.dataset import ClassBalancedDataset
        from mmpretrain.datasets import MultiLabelDataset

        class Own(MultiLabelDataset):
            METAINFO = {"classes": tuple("abcdef")}  # noqa: RUF012

            def load_data_list(self):
                return [{"img_path": f"img/{name}", "gt_label": present} for name, present in infos]

        dataset = Own("")
    wrapped = ClassBalancedDataset(dataset, 0.4)
    labels = [dataset.get_cat_ids(place) for place in wrapped.repeat_indices]
    return infos, list(wrapped.repeat_indices), labels


@pytest.mark.parametrize("seed", [0, 1])
def test_own_dataset_is_balanced_as_in_the_originals_when_it_has_several_labels(
    mmcls, mmpretrain, seed
):
    infos, places, labels = mmcls(theirs_own, "mmcls", seed)
    assert mmpretrain(theirs_own, "mmpretrain", seed) == (infos, places, labels)

    class Old(OldMultiLabelDataset):
        CLASSES = tuple("abcdef")

        def load_annotations(self):
            return [
                {
                    "img_prefix": self.data_prefix,
                    "img_info": {"filename": name},
                    "gt_label": np.isin(np.arange(6), present).astype(np.int8),
                }
                for name, present in infos
            ]

    class New(BaseDataset):
        def load_data_list(self):
            return [{"img_path": f"img/{name}", "gt_label": present} for name, present in infos]

        def get_cat_ids(self, idx):
            return self.get_data_info(idx)["gt_label"]

    for dataset in (Old("img", []), New(classes=list("abcdef"))):
        wrapped = ClassBalancedDataset(dataset, 0.4)
        assert wrapped.places.tolist() == places
        assert [wrapped.get_cat_ids(i) for i in range(len(wrapped))] == labels
        assert wrapped.get_data_info(0)["img_path"] == "img/0.jpg"
        assert tuple("abcdef") == wrapped.CLASSES
