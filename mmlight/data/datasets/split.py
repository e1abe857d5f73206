"""What datasets share whose files come in a training and a test split."""

from collections.abc import Mapping
from typing import Any

from mmlight.data.datasets.base import BaseDataset


class SplitDataset(BaseDataset):
    """A dataset in one folder, of which `split` chooses the files.

    Args:
        data_root: Folder of the data.
        split: 'train' or 'test'.
        metainfo: Facts about the data; its 'classes' replace the names.
        download: Accepted for the original's sake; nothing is ever downloaded.
        data_prefix: Folder of the data, relative to `data_root`.
        test_mode: Raise on a rejected sample.
        **kwargs: Further arguments of `BaseDataset`.

    Raises:
        ValueError: If `split` is neither, or no folder is given.
    """

    def __init__(
        self,
        data_root: str = "",
        split: str = "train",
        metainfo: Mapping[str, Any] | None = None,
        download: bool = True,
        data_prefix: str = "",
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        if split not in ("train", "test"):
            raise ValueError(f"split must be 'train' or 'test', got '{split}'")
        if not (data_root or data_prefix):
            raise ValueError(
                "data_root or data_prefix must name the folder of the data, got neither"
            )
        self.split = split
        self.download = download
        super().__init__(
            metainfo=metainfo,
            data_root=data_root,
            data_prefix={"root": data_prefix},
            test_mode=test_mode,
            **kwargs,
        )
