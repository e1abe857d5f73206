"""Turns Places205 into samples."""

from typing import Any, ClassVar

from mmlight.data.datasets.annotations import read_class_names
from mmlight.data.datasets.custom import CustomDataset


class Places205(CustomDataset):
    """Places205, as class folders or with a list file; arguments and errors as in `CustomDataset`.

    From: mmpretrain 1.2 `Places205`.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": read_class_names("places205")}
