"""Gives users' subclasses of ResNet the parts of the network under the originals' names.

timm's network holds the parts under names of its own. A subclass written for the originals reads
them (`self.norm1`, `getattr(self, 'layer1')`) and puts others in their places (`self.conv1 = ...`,
`self.add_module(self.norm1_name, norm1)`); both reach into the network, so that each part exists
once and has the original's name in checkpoints.
"""

from collections.abc import Mapping
from typing import Any, Final

from torch import nn

from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.networks.resnet import ResNetPlan
from mmlight.weights.name_map import NameRule

PARTS: Final[Mapping[str, str]] = {
    "conv1": "conv1",
    "relu": "act1",
    "maxpool": "maxpool",
    **{f"layer{index}": f"layer{index}" for index in (1, 2, 3, 4)},
}
"""The originals' names of parts of the network -> timm's; the first norm's name depends on it."""
_BLOCK: Final = r"layer\d\.\d+\."


def name_rules(abbr: str, *, deep_stem: bool) -> tuple[NameRule, ...]:
    """Return the rules for a norm of this short name, with a deep stem or a plain one."""
    stem = {
        r"conv1\.0": "stem.0.conv",
        r"conv1\.1": f"stem.0.{abbr}",
        r"conv1\.3": "stem.1.conv",
        r"conv1\.4": f"stem.1.{abbr}",
        r"conv1\.6": "stem.2.conv",
        r"bn1": f"stem.2.{abbr}",
    }
    squeeze = rf"network\.({_BLOCK})se\.fc([12])\.(.+)"
    parts = stem if deep_stem else {}
    return (
        *(NameRule(rf"network\.{ours}\.(.+)", rf"{mm}.\1") for ours, mm in parts.items()),
        NameRule(squeeze, r"\1se_layer.conv\2.conv.\3"),
        NameRule(rf"network\.((?:{_BLOCK}(?:conv2\.)?)?)bn(\d)\.(.+)", rf"\1{abbr}\2.\3"),
        NameRule(r"network\.(.+)", r"\1"),
        NameRule(r"(.+)", r"\1"),  # what a subclass adds of its own
    )


class ReplaceableParts(StagedBackbone):
    """What a user's subclass of ResNet reads, sets, calls and overrides.

    `set_attributes` is called before `__init__`, `replace_stem` behind it.

    Attributes:
        parts: Name that the originals have for a part -> its name in the network.
        deep_stem: As the argument of `ResNet`; so are `depth` and others.
        res_layers: Names of the stages.
        norm1_name: Name of the norm of the stem.

    From: mmcls 0.25 and mmpretrain 1.2 `ResNet`: its attributes and `_make_stem_layer`.
    `make_res_layer` and `arch_settings` cannot be overridden: timm builds the stages.
    """

    parts: Mapping[str, str]
    deep_stem: bool
    stem_channels: int
    norm1_name: str

    def refuse_overrides(self) -> None:
        """Refuse a subclass that overrides what nothing here calls.

        Raises:
            ValueError: If it does.
        """
        for name in ("arch_settings", "make_res_layer"):
            if hasattr(type(self), name):
                raise ValueError(f"{name} must not be overridden, got {type(self).__name__}.{name}")

    def set_attributes(self, plan: ResNetPlan, abbr: str) -> None:
        """Offer what the originals' attributes say, for users' subclasses."""
        for name in ("depth", "stem_channels", "base_channels", "num_stages", "strides"):
            setattr(self, name, getattr(plan, name))
        self.dilations, self.style = plan.dilations, plan.style
        self.deep_stem, self.avg_down = plan.deep_stem, plan.avg_down
        self.stage_blocks = tuple(plan.layers[: plan.num_stages])
        self.expansion = plan.expansion or plan.block.expansion
        self.feat_dim = plan.out_channels * 2 ** (plan.num_stages - 1)
        self.res_layers = [f"layer{index + 1}" for index in range(plan.num_stages)]
        self.norm1_name = f"{abbr}1"
        self.parts = {**PARTS, self.norm1_name: "bn1"}

    def replace_stem(self, in_channels: int) -> None:
        """Let a subclass make the stem: what it sets takes the places of timm's parts."""
        if type(self)._make_stem_layer is ReplaceableParts._make_stem_layer:
            return
        names = ("conv1", self.norm1_name, "relu", "maxpool")
        self._timm_stem = {name: getattr(self, name) for name in names}
        for name in names:
            setattr(self, name, None)
        self._make_stem_layer(in_channels, self.stem_channels)
        del self._timm_stem
        self.freeze()

    def _make_stem_layer(self, in_channels: int, stem_channels: int) -> None:
        """Set the parts of the stem; a subclass with another stem overrides this."""
        for name, part in self._timm_stem.items():
            setattr(self, name, part)

    @property
    def stem(self) -> Any:
        """All in front of the pooling as one module, of a deep stem with one entry per layer."""
        if self._modules.get("stem") is not None:
            return self._modules["stem"]
        if not self.deep_stem:
            return nn.Sequential(self.conv1, self.norm1, self.relu)
        layers = [*self.conv1, self.norm1, self.relu]
        return nn.Sequential(*(nn.Sequential(*layers[i : i + 3]) for i in (0, 3, 6)))

    @property
    def norm1(self) -> Any:
        """The norm of the stem, the last one of a deep stem."""
        return getattr(self, self.norm1_name)

    def freeze(self) -> None:
        """Freeze the parts, under the name that users override."""
        self._freeze_stages()

    def _freeze_stages(self) -> None:
        super().freeze()

    def get_part(self, name: str) -> nn.Module | None:
        """Look for the part under the originals' name."""
        part = getattr(self, name, None)
        return part if isinstance(part, nn.Module) else None

    def _is_part(self, name: str) -> bool:
        """Whether the network has what the originals call by this name."""
        return "network" in self.__dict__.get("_modules", ()) and name in self.parts

    def __getattr__(self, name: str) -> Any:
        """Return a part of the network, or what torch finds."""
        if self._is_part(name):
            return getattr(self.network, self.parts[name])
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Put a part into the network, anything else where torch puts it."""
        if self._is_part(name):
            setattr(self.network, self.parts[name], value)
        else:
            super().__setattr__(name, value)

    def add_module(self, name: str, module: nn.Module | None) -> None:
        """Put a part into the network, any other module where torch puts it."""
        if self._is_part(name):
            setattr(self, name, module)
        else:
            super().add_module(name, module)
