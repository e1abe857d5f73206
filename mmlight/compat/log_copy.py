"""Copies the log of a run to the `out_dir` of a logger hook."""

import logging
import os
from collections.abc import Sequence
from typing import Any

from mmlight.compat.fileio import get_file_backend
from mmlight.compat.path import scandir

_logger = logging.getLogger("mmlight")


class LogCopy:
    """Where the files of a log are copied to at the end of a run.

    Args:
        out_dir: Folder or address in which the run gets a folder of its own; None copies nothing.
        out_suffix: Files with these endings are copied.
        keep_local: Whether they stay where they were as well.
        backend_args: How `out_dir` is reached.

    From: mmcv 1.7 `TextLoggerHook.after_run`, mmengine 0.10 `LoggerHook.after_run`.
    """

    def __init__(
        self,
        out_dir: str | os.PathLike[str] | None,
        out_suffix: str | Sequence[str],
        keep_local: bool = True,
        backend_args: dict[str, Any] | None = None,
    ) -> None:
        self.out_dir = None if out_dir is None else os.fspath(out_dir)
        self.out_suffix = (out_suffix,) if isinstance(out_suffix, str) else tuple(out_suffix)
        self.keep_local = keep_local
        self.backend_args = backend_args

    def run(self, folder: str, name: str) -> None:
        """Copy the files.

        Args:
            folder: Where they are, with the folders in it.
            name: Of the folder that the run gets.
        """
        if self.out_dir is None:
            return
        backend = get_file_backend(self.out_dir, backend_args=self.backend_args)
        target = backend.join_path(self.out_dir, name)
        for file in sorted(scandir(folder, self.out_suffix, recursive=True)):
            local = os.path.join(folder, file)
            with open(local, encoding="utf-8") as text:
                backend.put_text(text.read(), backend.join_path(target, file))
            _logger.info("the log %s was copied to %s", local, target)
            if not self.keep_local:
                os.remove(local)
