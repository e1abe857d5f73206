"""Wraps a network of timm so that it behaves as a backbone of the originals.

The base class does what all families share: several outputs, gradient checkpointing, frozen stages,
norm layers held in eval mode, start values. A family tells it where the stem and the stages are and
how its parameters are called.

To add a family: 1. build the timm network without its classifier, with the original's arguments;
2. derive from `StagedBackbone` and write `stem` and `stages`, and `frozen_parts` where it differs;
3. give it `name_rules`; 4. add rows to tests/reference/test_models.py.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmlight.models.initialize import InitCfg, InitModule
from mmlight.weights.name_map import NameRule, Rule


class StagedBackbone(InitModule):
    """A timm network with the outputs and the training behaviour of an original backbone.

    Args:
        network: The timm network without classifier; its parameters get torch's defaults, the state
            in which the originals are before `init_weights`.
        out_indices: Stages whose outputs are returned, each in [0, number of stages).
        frozen_stages: The stem (from 0 on) and this many stages get no gradient and stay in eval
            mode; -1 freezes nothing.
        norm_eval: Whether batch norm stays in eval mode while training.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        init_cfg: See `InitModule`.

    Attributes:
        network: The timm network.
        out_indices: As given.
    """

    name_rules: Sequence[Rule] = (NameRule(r"network\.(.+)", r"\1"),)
    timm_head: ClassVar[str | None] = "head"
    """What timm calls the classifier of this network; None when it has no such network."""
    has_timm_start: ClassVar[bool] = True
    """Whether the network comes with start values of timm, which are drawn again as torch does."""
    freezes_again: ClassVar[bool] = True
    """Whether `.train()` puts frozen parts back into eval mode, as most originals do."""

    def __init__(
        self,
        network: nn.Module,
        *,
        out_indices: Sequence[int],
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(init_cfg)
        self.network: Any = network  # timm's attributes are not typed
        self.out_indices = tuple(out_indices)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self.with_cp = with_cp
        count = len(self.stages())
        if not self.out_indices or not all(0 <= index < count for index in self.out_indices):
            raise ValueError(f"out_indices must be in [0, {count}), got {self.out_indices}")
        if not -1 <= frozen_stages <= count:
            raise ValueError(f"frozen_stages must be in [-1, {count}], got {frozen_stages}")
        if self.has_timm_start:
            reset_parameters(network)
        self.freeze()

    @abstractmethod
    def stem(self, images: Tensor) -> Tensor:
        """Compute the input of the first stage from images `(B, C, H, W)`."""

    @abstractmethod
    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each stage, in the order of computation."""

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the modules that `frozen_stages` freezes."""
        return ()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to the wanted feature maps, in the order of the stages."""
        x = self.start(images)
        outputs = []
        for index, blocks in enumerate(self.stages()):
            for block in blocks:
                x = self.run_block(block, x)
            if index in self.out_indices:
                outputs.append(x)
        return tuple(outputs)

    def start(self, images: Tensor) -> Tensor:
        """Compute the input of the first stage; a family whose `stem` is not all of it adds it."""
        return self.stem(images)

    def run_block(self, block: nn.Module, x: Tensor) -> Tensor:
        """Compute one block, with gradient checkpointing where it is on and can save memory."""
        if self.with_cp and x.requires_grad:
            y: Tensor = checkpoint(block, x, use_reentrant=False)
        else:
            y = block(x)
        return y

    def freeze(self) -> None:
        """Put the frozen parts into eval mode and stop their gradients."""
        for part in self.frozen_parts():
            part.eval()
            part.requires_grad_(False)

    def train(self, mode: bool = True) -> "StagedBackbone":
        """Set the mode, then restore what stays in eval mode."""
        super().train(mode)
        if self.freezes_again:
            self.freeze()
        if mode and self.norm_eval:
            for layer in self.modules():
                if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                    layer.eval()
        return self

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill nothing: timm's own start values are not the originals'."""

    def get_part(self, name: str) -> nn.Module | None:
        """Look for the part in the timm network."""
        part = getattr(self.network, name, None)
        return part if isinstance(part, nn.Module) else None


def reset_parameters(network: nn.Module) -> None:
    """Give every layer the start values that torch gives it on construction."""
    for layer in network.modules():
        is_leaf = next(layer.children(), None) is None
        if is_leaf and hasattr(layer, "reset_parameters"):
            layer.reset_parameters()  # type: ignore[operator]
