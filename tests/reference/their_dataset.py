"""Runs a dataset of the originals, and compares its samples with ours."""

import numpy as np


def theirs_1x(name, options, unchecked=False):
    from unittest import mock

    from mmpretrain import datasets

    cls = getattr(datasets, name)
    if unchecked:  # made-up files do not have the published checksums
        with mock.patch.object(cls, "_check_integrity", return_value=True):
            dataset = cls(**options)
    else:
        dataset = cls(**options)
    return [dataset[i] for i in range(len(dataset))], list(dataset.CLASSES or [])


def theirs_0x(name, options, unchecked=False):
    from unittest import mock

    from mmcls import datasets

    cls = getattr(datasets, name)
    if unchecked:
        with (
            mock.patch.object(cls, "_check_integrity", return_value=True),
            mock.patch.object(cls, "_load_meta"),
        ):
            dataset = cls(pipeline=[], **options)
    else:
        dataset = cls(pipeline=[], **options)
    samples = []
    for i in range(len(dataset)):
        sample = dataset[i]
        if "img_info" in sample:
            prefix, info = sample.pop("img_prefix"), sample.pop("img_info")
            sample["img_path"] = f"{prefix}/{info['filename']}"
        samples.append(sample)
    return samples, list(dataset.CLASSES or [])


def check_equal(dataset, theirs, *, index=True):
    """Samples and class names are equal; `index` says whether theirs have a 'sample_idx'."""
    samples, classes = theirs
    assert list(dataset.CLASSES or []) == classes
    assert len(dataset) == len(samples) > 0
    for place, sample in enumerate(samples):
        ours = dataset[place]
        if not index:
            assert ours.pop("sample_idx") == place
        assert ours.keys() == sample.keys()
        for key, value in sample.items():
            if isinstance(value, np.ndarray) and value.ndim:
                assert (ours[key].dtype, ours[key].flags.c_contiguous) == (value.dtype, True)
                np.testing.assert_array_equal(ours[key], value)
            else:
                assert ours[key] == value, key
