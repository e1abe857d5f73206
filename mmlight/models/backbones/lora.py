"""Low-rank adaptation: trains two small matrices beside each chosen linear layer."""

import logging
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from torch import Tensor, nn

from mmlight.models.initialize import InitModule
from mmlight.weights.name_map import NameRule, Rule, name_map

LOG = logging.getLogger(__name__)
SMALL: Final = ".lora_"
"""What tells the names of the small layers."""
SAME_NAMES: Final = (NameRule(r"(.+)", r"\1"),)


class LoRALinear(nn.Module):
    """A linear layer and what two small ones add: `y = original(x) + up(down(x)) * alpha / rank`.

    Args:
        original_layer: The layer.
        alpha: Factor on what is added.
        rank: Channels between the two small layers, at least 1.
        drop_rate: Dropout of what the small layers get, in [0, 1).

    Raises:
        ValueError: If the rank is below 1.

    From: mmpretrain 1.2 `LoRALinear`.
    """

    def __init__(
        self,
        original_layer: nn.Linear,
        alpha: float = 1,
        rank: int = 0,
        drop_rate: float = 0.0,
    ) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f"rank must be at least 1, got {rank}")
        self.lora_dropout = nn.Dropout(drop_rate)
        self.lora_down = nn.Linear(original_layer.in_features, rank, bias=False)
        self.lora_up = nn.Linear(rank, original_layer.out_features, bias=False)
        self.scaling = alpha / rank
        self.original_layer = original_layer
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Let the small layers add nothing at first."""
        nn.init.kaiming_uniform_(self.lora_down.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_up.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(..., C)` to `(..., C')`."""
        y: Tensor = self.original_layer(x)
        added = self.lora_up(self.lora_down(self.lora_dropout(x)))
        out: Tensor = y + added * self.scaling
        return out


class LoRAModel(InitModule):
    """A backbone of which only low-rank additions to some linear layers are trained and saved.

    The state dict holds the small layers alone; loading one misses nothing. Attributes that it does
    not have are those of the backbone.

    Args:
        module: The backbone; it gets its own start values first.
        alpha: Factor on what is added.
        rank: Channels between the two small layers.
        drop_rate: Dropout of what the small layers get, in [0, 1).
        targets: One dict per kind of layer: `type`, a regular expression for the whole name of a
            linear layer of the original, or the end of its name; `alpha`, `rank` and `drop_rate`
            where they differ. The first that fits counts.

    Raises:
        ValueError: If no linear layer is found, or one whose weights have another layout here.

    Examples:
        >>> from mmlight.models.backbones.vision_transformer import VisionTransformer
        >>> arch = {"embed_dims": 8, "num_layers": 1, "num_heads": 2, "feedforward_channels": 16}
        >>> vit = VisionTransformer(arch, img_size=32)
        >>> list(LoRAModel(vit, rank=2, targets=[{"type": "qkv"}]).state_dict())[0]
        'module.network.blocks.0.attn.qkv.lora_down.weight'

    From: mmpretrain 1.2 `LoRAModel`.
    """

    timm_head: ClassVar[str | None] = None

    def __init__(
        self,
        module: nn.Module,
        alpha: float = 1,
        rank: int = 0,
        drop_rate: float = 0.0,
        targets: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__()
        self.module = module
        self.targets = targets
        common = {"alpha": alpha, "rank": rank, "drop_rate": drop_rate}
        names, adapted = name_map(module), {}
        self._layers: list[tuple[nn.Module, str, LoRALinear]] = []
        for path, layer in list(module.named_modules()):
            mm_path = names.to_mm.get(f"{path}.weight", "").removesuffix(".weight")
            target = find_target(mm_path, targets)
            if not isinstance(layer, nn.Linear) or target is None:
                continue
            if f"{path}.weight" in names.transforms:
                raise ValueError(f"targets must not name {mm_path}, got {target['type']!r}")
            options = {key: target.get(key, value) for key, value in common.items()}
            LOG.info("LoRA for %s with %s.", mm_path, options)
            small = LoRALinear(layer, **options)
            parent, _, name = path.rpartition(".")
            self._layers.append((module.get_submodule(parent), name, small))
            adapted[path] = mm_path
        if not adapted:
            raise ValueError(f"targets must name a linear layer, got {list(targets)}")
        self._set_rules(adapted)
        self._adapt(True)
        self.register_state_dict_post_hook(_keep_small)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_post_hook(_forgive)  # type: ignore[no-untyped-call]

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the backbone."""
        return self.module(*args, **kwargs)

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill the backbone as if it were alone, then the small layers."""
        self._adapt(False)
        init(self.module)
        for _, _, layer in self._layers:
            layer.reset_parameters()
        self._adapt(True)

    def mm_constants(self) -> dict[str, Tensor]:
        """Return nothing: the backbone tells its own."""
        return {}

    def fit_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Change nothing: the backbone fits its own part."""
        return state

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the backbone."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "module":
                raise
            return getattr(self.module, name)

    def _adapt(self, adapted: bool) -> None:
        """Put the adapted layers in place and train them alone, or put the original ones back."""
        for parent, name, layer in self._layers:
            setattr(parent, name, layer if adapted else layer.original_layer)
        if adapted:
            for name, value in self.named_parameters():
                value.requires_grad_(SMALL in name)

    def _set_rules(self, adapted: Mapping[str, str]) -> None:
        """Name the adapted layers: with the rest of this, and in a checkpoint of the backbone."""
        rules: Sequence[Rule] = getattr(self.module, "name_rules", SAME_NAMES)
        within, alone = [], []
        for ours, mm in adapted.items():
            ours = re.escape(ours)
            within.append(NameRule(rf"{ours}\.((?:original_layer|lora_\w+)\..+)", rf"{mm}.\1"))
            alone.append(NameRule(rf"{ours}\.original_layer\.(.+)", rf"{mm}.\1"))
        self.name_rules = tuple(rule.below("module") for rule in (*within, *rules))
        self.module.name_rules = (*alone, *rules)  # type: ignore[assignment]


def find_target(name: str, targets: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the first target whose `type` fits a name wholly as an expression, or is its end."""
    for target in targets:
        if name and (re.fullmatch(target["type"], name) or name.endswith(target["type"])):
            return target
    return None


def _keep_small(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    for name in [name for name in state if name.startswith(prefix) and SMALL not in name]:
        del state[name]


def _forgive(module: nn.Module, incompatible: Any) -> None:
    for names in (incompatible.missing_keys, incompatible.unexpected_keys):
        names[:] = [name for name in names if SMALL in name]
