"""Turns the Stanford Cars into samples."""

import os
from typing import Any, ClassVar

from mmlight.data.datasets.annotations import join_root, read_class_names
from mmlight.data.datasets.list_set import Listed, SplitFilesDataset
from mmlight.data.datasets.mat_set import join_fields, read_field, read_mat

TOGETHER = "cars_annos.mat"


class StanfordCars(SplitFilesDataset):
    """Stanford Cars, with 196 classes, in either way in which they were published.

    All together, with `cars_annos.mat` beside the folder `car_ims`; or `cars_train`, `cars_test`
    and `devkit` with `cars_train_annos.mat` and `cars_test_annos_withlabels.mat`. Reading takes
    scipy.

    Args:
        data_root: Folder of the dataset.
        split: 'train' or 'test'; 'test' sets `test_mode`.
        **kwargs: Further arguments of `BaseDataset`. `ann_file`, a MATLAB file of either form, and
            `data_prefix`, the folder of its images, replace the published places.

    Raises:
        ValueError: If `split` is neither.
        DataError: If a file is missing or damaged.

    From: mmpretrain 1.2 `StanfordCars`; also serves mmcls 0.25 `StanfordCars`.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": read_class_names("stanford_cars")}
    splits: ClassVar[dict[str, str]] = {
        "train": "devkit/cars_train_annos.mat",
        "test": "devkit/cars_test_annos_withlabels.mat",
    }
    folder: ClassVar[str] = "cars_train"

    def __init__(self, data_root: str = "", split: str = "train", **kwargs: Any) -> None:
        if os.path.isfile(join_root(os.path.expanduser(data_root), TOGETHER)):
            places = {"ann_file": TOGETHER, "data_prefix": ""}
        else:
            places = {"data_prefix": f"cars_{split}"}
        super().__init__(data_root, split, **{**places, **kwargs})

    def list_samples(self) -> Listed:
        """Yield the images of the part."""
        cars = read_mat(self.ann_file)
        records = cars.get("annotations")
        first = records if isinstance(records, dict) else next(iter(records or ()), {})
        keys = ("relative_im_path", "class", "test") if "test" in first else ("fname", "class")
        fields = [read_field(cars, self.ann_file, "annotations", key) for key in keys]
        for name, label, *held_out in join_fields(self.ann_file, *fields):
            if not held_out or bool(held_out[0]) == self.test_mode:
                yield name, int(label) - 1
