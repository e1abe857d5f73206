"""Bases of users' own modules, backbones, necks and heads."""

import copy
import logging
from abc import ABCMeta, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from torch import nn

from mmlight.compat.initialize import to_initializers
from mmlight.models.initialize import InitModule, Pretrained

InitDicts: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
_logger = logging.getLogger("mmlight")


class BaseModule(InitModule, metaclass=ABCMeta):
    """A module that knows how its weights start.

    Args:
        init_cfg: Dict or list of dicts, see `mmlight.compat.initialize.initialize`.

    Attributes:
        init_cfg: A copy of them; a class may change it until `init_weights` runs.
        is_init: Whether `init_weights` has run.
        pretrained_last: Whether a checkpoint comes after the children, as in mmengine, or in its
            place and, where it is all, without filling the children, as in mmcv 1.7. The
            classifier sets it as the generation of its config says.

    From: mmcv 1.7 and mmengine 0.10 `BaseModule`, without the record of who filled what.
    """

    def __init__(self, init_cfg: InitDicts = None) -> None:
        super().__init__()
        self.init_cfg: Any = copy.deepcopy(init_cfg)
        self._is_init = False

    @property
    def is_init(self) -> bool:
        """Whether `init_weights` has run."""
        return self._is_init

    @is_init.setter
    def is_init(self, value: bool) -> None:
        self._is_init = value

    def get_initializers(self) -> Any:
        """Return what fills this module: initializers made of the dicts in `init_cfg`."""
        steps = to_initializers(self.init_cfg)
        return steps[0] if steps and not isinstance(self.init_cfg, Sequence) else steps

    def init_weights(self) -> None:
        """Fill this module by its `init_cfg`, then its direct children that have `init_weights`.

        A second call does nothing but warn.

        Raises:
            MMLightError: If an initializer is unknown or a checkpoint cannot be loaded.
        """
        if self._is_init:
            _logger.warning("init_weights of %s was called more than once", type(self).__name__)
            return
        super().init_weights()
        # mmcv 1.7 returns early here, so that a second call loads the checkpoint again
        self._is_init = self.pretrained_last or not isinstance(self.get_initializers(), Pretrained)

    def __repr__(self) -> str:
        text = super().__repr__()
        return f"{text}\ninit_cfg={self.init_cfg}" if self.init_cfg else text


class Sequential(BaseModule, nn.Sequential):
    """`torch.nn.Sequential` with an `init_cfg`.

    Args:
        *args: Modules, or one ordered dict of them.
        init_cfg: See `BaseModule`.

    From: mmcv 1.7 and mmengine 0.10 `Sequential`.
    """

    def __init__(self, *args: Any, init_cfg: InitDicts = None) -> None:
        BaseModule.__init__(self, init_cfg)
        nn.Sequential.__init__(self, *args)


class ModuleList(BaseModule, nn.ModuleList):
    """`torch.nn.ModuleList` with an `init_cfg`.

    Args:
        modules: The modules.
        init_cfg: See `BaseModule`.

    From: mmcv 1.7 and mmengine 0.10 `ModuleList`.
    """

    def __init__(
        self, modules: Iterable[nn.Module] | None = None, init_cfg: InitDicts = None
    ) -> None:
        BaseModule.__init__(self, init_cfg)
        nn.ModuleList.__init__(self, modules)


class ModuleDict(BaseModule, nn.ModuleDict):
    """`torch.nn.ModuleDict` with an `init_cfg`.

    Args:
        modules: The modules by name.
        init_cfg: See `BaseModule`.

    From: mmcv 1.7 and mmengine 0.10 `ModuleDict`.
    """

    def __init__(
        self, modules: Mapping[str, nn.Module] | None = None, init_cfg: InitDicts = None
    ) -> None:
        BaseModule.__init__(self, init_cfg)
        nn.ModuleDict.__init__(self, modules)


class BaseBackbone(BaseModule):
    """Base of users' own backbones: `forward` must be written.

    Args:
        init_cfg: See `BaseModule`.

    From: mmcls 0.25 and mmpretrain 1.2 `BaseBackbone`. There `train()` returns None, here the
        module, as torch does.
    """

    @abstractmethod
    def forward(self, x: Any) -> Any:
        """Map images `(B, C, H, W)` to a tuple of features."""
