"""Turns ImageNet folders or list files into samples."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from timm.data.imagenet_info import ImageNetInfo

from mmlight.data.datasets.custom import CustomDataset


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Return the 1000 class names of ImageNet-1k in the order of their labels."""
    info = ImageNetInfo("imagenet-1k")
    return tuple(info.index_to_description(label) for label in range(1000))


class ImageNet(CustomDataset):
    """ImageNet-1k, as class folders or as a flat folder with a list file.

    Args:
        data_root: Folder with 'train', 'val', 'test' and 'meta'.
        split: 'train', 'val' or 'test' (without labels), or '' when `data_prefix` and `ann_file`
            say it all. A list `meta/<split>.txt` is used where it exists.
        data_prefix: Folder of the images; the split's name by default.
        ann_file: List file; without it the class folders are searched.
        metainfo: Facts about the data; its 'classes' replace the 1000 names.
        **kwargs: Further arguments of `CustomDataset`.

    Raises:
        ValueError: If `split` is none of the three.
        DataError: As in `CustomDataset`.

    From: mmpretrain 1.2 `ImageNet`; also serves mmcls 0.25 `ImageNet`, which has no `split`. Class
    names are timm's, equal to both originals'.
    """

    def __init__(
        self,
        data_root: str = "",
        split: str = "",
        data_prefix: str | Mapping[str, str] = "",
        ann_file: str | None = "",
        metainfo: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if split not in ("", "train", "val", "test"):
            raise ValueError(f"split must be '', 'train', 'val' or 'test', got '{split}'")
        if split == "test":
            kwargs["with_label"] = False
        if kwargs.get("classes") is None:
            metainfo = {"classes": imagenet_classes(), **(metainfo or {})}
        super().__init__(
            data_root=data_root,
            data_prefix=data_prefix or split,
            ann_file=ann_file or _find_list(data_root, split),
            metainfo=metainfo,
            **kwargs,
        )


class ImageNet21k(CustomDataset):
    """ImageNet-21k, as class folders or as a flat folder with a list file; brings no class names.

    Args:
        data_root: Folder with 'train' and 'meta'.
        split: 'train', or '' when `data_prefix` and `ann_file` say it all.
        data_prefix: Folder of the images; the split's name by default.
        ann_file: List file; without it the class folders are searched, which takes long.
        metainfo: Facts about the data, such as 'classes'.
        multi_label: False, as in the originals, which have no labels for more.
        **kwargs: Further arguments of `CustomDataset`.

    Raises:
        ValueError: If `split` is neither 'train' nor '', or `multi_label` is True.
        DataError: As in `CustomDataset`.

    From: mmpretrain 1.2 `ImageNet21k`; also serves mmcls 0.25 `ImageNet21k`.
    """

    def __init__(
        self,
        data_root: str = "",
        split: str = "",
        data_prefix: str | Mapping[str, str] = "",
        ann_file: str | None = "",
        metainfo: Mapping[str, Any] | None = None,
        multi_label: bool = False,
        **kwargs: Any,
    ) -> None:
        if multi_label:
            raise ValueError(f"multi_label must be False, got {multi_label}")
        if split not in ("", "train"):
            raise ValueError(f"split must be '' or 'train', got '{split}'")
        super().__init__(
            data_root=data_root,
            data_prefix=data_prefix or split,
            ann_file=ann_file or _find_list(data_root, split),
            metainfo=metainfo,
            **kwargs,
        )


def _find_list(data_root: str, split: str) -> str:
    name = os.path.join("meta", f"{split}.txt")
    exists = split and os.path.exists(os.path.join(os.path.expanduser(data_root), name))
    return name if exists else ""
