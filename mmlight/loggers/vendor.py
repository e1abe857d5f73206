"""The base of loggers that Lightning does not have, and what all loggers of a run need."""

import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from mmlight.compat.path import scandir
from mmlight.errors import ConfigError


def import_vendor(package: str, module: str = "") -> Any:
    """Import the package of a vendor, or a module of it.

    Args:
        package: Name of the package, as pip knows it.
        module: What to import; the package where it is empty.

    Raises:
        ConfigError: If it is not installed.
    """
    try:
        return import_module(module or package)
    except ImportError as error:
        raise ConfigError(
            package,
            f"the package {package!r} is not installed, which the config wants its log written to",
            next_step=f"Run 'pip install {package}', or leave its logger out of the config.",
        ) from error


def choose_folder(view: Any, save_dir: str | None, old_name: str = "") -> str:
    """Return the folder of a logger's files.

    Args:
        view: The runner of the run.
        save_dir: What the config says.
        old_name: Folder in the work directory in 0.x; 1.x has one for all loggers.
    """
    if save_dir is not None:
        return save_dir
    if view.announcer.generation == "0.x":
        return os.path.join(view.work_dir, old_name)
    return os.path.join(view.log_dir, "vis_data")


def list_files(folder: str, suffixes: str | Sequence[str], *, deep: bool = True) -> Iterator[str]:
    """Yield the files of a folder with this ending, or one of these, relative to it."""
    endings = suffixes if isinstance(suffixes, str) else tuple(suffixes)
    if os.path.isdir(folder) and endings:
        yield from sorted(scandir(folder, endings, recursive=deep))


class VendorLogger(Logger):
    """Writes to the object of a vendor's package, which is made when a run begins.

    Args:
        save_dir: Folder of its files; None for that of the run.
        init_kwargs: Arguments of that object.

    Attributes:
        folder: Where its files are.
        work_dir: Folder of the run.
    """

    package: ClassVar[str]

    def __init__(
        self, save_dir: str | None = None, init_kwargs: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        self._vendor = import_vendor(self.package)
        self._given_dir = save_dir
        self.init_kwargs = dict(init_kwargs or {})
        self.folder = save_dir or "."
        self.work_dir = "."
        self._experiment: Any = None

    def enter_run(self, view: Any) -> None:
        """Learn where the run writes, and begin; the first process alone calls it."""
        self.folder = choose_folder(view, self._given_dir)
        self.work_dir = view.work_dir
        self._experiment = self._start()

    @abstractmethod
    def _start(self) -> Any:
        """Make the object of the package."""

    @property
    def experiment(self) -> Any:
        """The object of the package; None before the run, and in other processes."""
        return self._experiment

    @property
    def name(self) -> str:
        """Name of the package."""
        return self.package

    @property
    def version(self) -> str:
        """Loggers of mm have none."""
        return ""

    @property
    def save_dir(self) -> str:
        """Folder of its files."""
        return self.folder

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the config is written by `log_config`."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Write values by name; texts are left out."""
        for name, value in metrics.items():
            if not isinstance(value, str):
                self._write(name, value, step)

    @abstractmethod
    def _write(self, name: str, value: Any, step: int | None) -> None:
        """Write one value."""
