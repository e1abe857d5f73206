"""Fills the weights of a module with start values, in the order of the originals.

`init_weights(module, load_pretrained)` walks the modules parent first. A module takes part by
deriving from `InitModule`: its `init_cfg` holds initializers, and `init_children` / `init_extra`
say what the original does by hand. A module with an `init_weights` of its own, as users write it,
is filled by that.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias, cast

from torch import nn

from mmlight.models.initializers import Caffe2Xavier as Caffe2Xavier
from mmlight.models.initializers import Constant as Constant
from mmlight.models.initializers import Initializer as Initializer
from mmlight.models.initializers import Kaiming as Kaiming
from mmlight.models.initializers import Normal as Normal
from mmlight.models.initializers import Pretrained as Pretrained
from mmlight.models.initializers import TruncNormal as TruncNormal
from mmlight.models.initializers import Uniform as Uniform
from mmlight.models.initializers import Xavier as Xavier
from mmlight.models.override import Override as Override
from mmlight.weights.load import load_pretrained

AnyInitializer: TypeAlias = Initializer | Pretrained
InitCfg: TypeAlias = Initializer | Pretrained | Sequence[Initializer | Pretrained] | None
LoadPretrained: TypeAlias = Callable[[nn.Module, Pretrained], None]


class InitModule(nn.Module):
    """A module that `init_weights` can fill.

    Args:
        init_cfg: Initializers; None means the default of the class, an empty sequence means none at
            all (what an explicit `init_cfg=None` of a config means).

    From: mmcv 1.7 and mmengine 0.10 `BaseModule`, without the record of who filled what.
    """

    default_init: ClassVar[tuple[Initializer, ...]] = ()
    pretrained_last: bool = True

    def __init__(self, init_cfg: InitCfg = None) -> None:
        super().__init__()
        self.init_cfg: InitCfg = self.default_init if init_cfg is None else _to_objects(init_cfg)

    @property
    def is_pretrained(self) -> bool:
        """Whether a checkpoint alone, not a list with one in it, gives the start values.

        The originals skip their own start values only then: with a list, a residual zero init runs
        over loaded weights.
        """
        return isinstance(self.init_cfg, Pretrained)

    def get_initializers(self) -> InitCfg:
        """Return what fills this module; users' modules make it of the dicts in `init_cfg`."""
        return self.init_cfg

    def init_weights(self) -> None:
        """Fill this module and all below it; a class may add to it.

        Raises:
            WeightsError: If a checkpoint cannot be found, read or matched.
        """
        init_weights(self, load_pretrained, pretrained_last=self.pretrained_last)

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill what lies below this module, after its initializers and before its checkpoint."""
        for child in self.children():
            init(child)

    def init_extra(self) -> None:
        """Fill what the original fills by hand, after everything else."""

    def get_part(self, name: str) -> nn.Module | None:
        """Return the part that an `Override` names, or None."""
        part = getattr(self, name, None)
        return part if isinstance(part, nn.Module) else None


def _to_objects(init_cfg: Any) -> InitCfg:
    """Turn the dicts that users' subclasses write into initializers; those stay as they are."""
    steps = init_cfg if isinstance(init_cfg, list | tuple) else [init_cfg]
    if not any(isinstance(step, Mapping) for step in steps):
        return cast(InitCfg, init_cfg)
    from mmlight.compat.initialize import to_initializers  # that room stands on this one

    filled = to_initializers(init_cfg)
    return cast(InitCfg, filled if steps is init_cfg else filled[0])


def init_weights(
    module: nn.Module, load_pretrained: LoadPretrained, *, pretrained_last: bool = True
) -> None:
    """Fill the weights of `module` and of all modules below it, parent first.

    Args:
        module: The module; its `init_cfg`, if it has one, is read as `InitModule` describes.
        load_pretrained: Loads the checkpoint of a `Pretrained` into the module that holds it.
        pretrained_last: True loads a checkpoint after the children are filled (1.x). False takes
            initializers in the order written and leaves out the children of a module whose only
            initializer is a checkpoint (0.x); the difference shows in parameters that the
            checkpoint lacks.

    From: mmengine 0.10 `BaseModule.init_weights` (True), mmcv 1.7 `BaseModule.init_weights`
        (False).
    """

    def init_child(child: nn.Module) -> None:
        _init_child(child, load_pretrained, pretrained_last)

    init_cfg = _find_initializers(module)
    before = _as_sequence(init_cfg)
    after = [step for step in before if pretrained_last and isinstance(step, Pretrained)]
    for step in before:
        if step not in after:
            _run(step, module, load_pretrained)
    if pretrained_last or not isinstance(init_cfg, Pretrained):
        _init_children(module, init_child)
    for step in after:
        _run(step, module, load_pretrained)
    if isinstance(module, InitModule):
        module.init_extra()


def _init_child(child: nn.Module, load_pretrained: LoadPretrained, pretrained_last: bool) -> None:
    if isinstance(child, InitModule):
        child.pretrained_last = pretrained_last
    if getattr(child, "is_init", False):
        return  # it was filled by hand before
    if isinstance(child, InitModule) and type(child).init_weights is InitModule.init_weights:
        init_weights(child, load_pretrained, pretrained_last=pretrained_last)
    elif callable(own := getattr(child, "init_weights", None)):
        own()  # a user's own way, in the style of the originals


def _find_initializers(module: nn.Module) -> InitCfg:
    if isinstance(module, InitModule):
        return module.get_initializers()
    return cast(InitCfg, getattr(module, "init_cfg", None))


def _init_children(module: nn.Module, init_child: Callable[[nn.Module], None]) -> None:
    if isinstance(module, InitModule):
        module.init_children(init_child)
        return
    for child in module.children():
        init_child(child)


def _run(step: AnyInitializer, module: nn.Module, load_pretrained: LoadPretrained) -> None:
    if isinstance(step, Pretrained):
        load_pretrained(module, step)
    else:
        step(module)


def _as_sequence(init_cfg: InitCfg) -> Sequence[AnyInitializer]:
    if init_cfg is None:
        return ()
    return init_cfg if isinstance(init_cfg, Sequence) else (init_cfg,)
