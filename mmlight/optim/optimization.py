"""What a module does about its optimizer: it is built, its rates scaled, its steps prepared."""

import logging
from collections.abc import Mapping
from typing import Any

import lightning as L
from lightning.pytorch.strategies import FSDPStrategy, ModelParallelStrategy
from torch import Tensor
from torch.optim import Optimizer

from mmlight.errors import ConfigError
from mmlight.optim.accumulation import Accumulation
from mmlight.optim.constructor import ConstructedOptimizer, unwrap
from mmlight.optim.gradient_clip import GradientClip
from mmlight.optim.loss_scale import LossScale, check_loss_scale, set_loss_scale
from mmlight.optim.optimizer import OptimizerBuilder
from mmlight.optim.rate_scale import scale_rates

KEY = "waiting_gradients"
"""What a checkpoint calls the gradients of an open window."""
_logger = logging.getLogger("mmlight")


class Optimization:
    """Builds the optimizer of a module and tells the Trainer how to use it.

    Args:
        builder: Builds the optimizer; None when nothing is trained.
        grad_clip: How gradients are clipped unless the Trainer's `gradient_clip_val` says
            otherwise.
        accumulative_counts: Batches per step; the Trainer's `accumulate_grad_batches` wins.
        loss_scale: Of mixed precision with float16, see `check_loss_scale`.
        base_batch_size: The batch size that the rates are meant for; they are scaled to the real
            one. None leaves them.

    Raises:
        ValueError: If a value is out of range.

    From: mmcv 1.7 `OptimizerHook` and its kin, mmengine 0.10 `OptimWrapper`, `AmpOptimWrapper`,
    `Runner.scale_lr`.
    """

    def __init__(
        self,
        builder: OptimizerBuilder | ConstructedOptimizer | None,
        grad_clip: GradientClip | None = None,
        accumulative_counts: int = 1,
        loss_scale: LossScale = "dynamic",
        base_batch_size: int | None = None,
    ) -> None:
        if accumulative_counts < 1:
            raise ValueError(f"accumulative_counts must be 1 or more, got {accumulative_counts}")
        check_loss_scale(loss_scale)
        self.builder = builder
        self.grad_clip = grad_clip
        self.accumulative_counts = accumulative_counts
        self.loss_scale = loss_scale
        self.base_batch_size = base_batch_size
        self._clip = grad_clip
        self._accumulation: Accumulation | None = None
        self._waiting: Mapping[str, Tensor] = {}

    def configure(self, module: L.LightningModule, mm_names: Mapping[str, str]) -> Optimizer | None:
        """Build the optimizer of a module, None when nothing is trained, and set up its Trainer.

        Args:
            module: The module; one without a Trainer gets an optimizer and nothing else.
            mm_names: From our parameter names to the mm names.

        Raises:
            ConfigError: If its strategy does not go together with rules for single parameters, or
                with accumulation.
        """
        if self.builder is None:
            return None
        self._check_strategy(module)
        built = self.builder.build(module, mm_names)
        optimizer, self._clip, counts = unwrap(built, self.grad_clip, self.accumulative_counts)
        if module._trainer is None:
            return optimizer
        if self.base_batch_size is not None:
            self._scale_rates(module.trainer, optimizer, self.base_batch_size)
        scaler = getattr(module.trainer.precision_plugin, "scaler", None)
        if scaler is not None and self.loss_scale != "dynamic":
            set_loss_scale(scaler, self.loss_scale)
        self._accumulate(module, counts)
        return optimizer

    def _check_strategy(self, module: L.LightningModule) -> None:
        """Refuse rules for parameters that a strategy has cut up, so that no rule can know them.

        Raises:
            ConfigError: If it has.
        """
        strategy = None if module._trainer is None else module.trainer.strategy
        has_rules = getattr(self.builder, "paramwise", None) is not None
        if isinstance(strategy, FSDPStrategy | ModelParallelStrategy) and (
            has_rules or isinstance(self.builder, ConstructedOptimizer)
        ):
            raise ConfigError(
                "optim_wrapper.paramwise_cfg",
                f"{type(strategy).__name__} cuts parameters up before their rates are chosen",
                next_step="Use --trainer.strategy ddp, or deepspeed_stage_1 to save memory.",
            )

    def _scale_rates(self, trainer: L.Trainer, optimizer: Optimizer, base: int) -> None:
        loader = getattr(trainer.datamodule, "train", None)  # type: ignore[attr-defined]
        size = getattr(loader, "batch_size", None)
        if size is None:
            raise ValueError("base_batch_size needs a PipelineDataModule to know the batch size")
        processes = trainer.world_size
        how = f"{processes} process{'es' if processes > 1 else ''} of {size}"
        scale_rates(optimizer, base_batch_size=base, batch_size=processes * size, how=how)

    def _accumulate(self, module: L.LightningModule, counts: int) -> None:
        if self._accumulation is not None:
            self._accumulation.detach()  # of an earlier training
        flag = module.trainer.accumulate_grad_batches
        if counts > 1 and flag > 1:
            _logger.info(
                "%d batches give one step, as accumulate_grad_batches of the Trainer says;"
                " the config says %d",
                *(flag, counts),
            )
        self._accumulation = Accumulation(module, counts) if counts > 1 and flag == 1 else None
        if self._accumulation is not None:
            self._accumulation.attach()
            self._accumulation.load_state_dict(self._waiting)
        self._waiting = {}

    def clip(
        self,
        module: L.LightningModule,
        optimizer: Optimizer,
        value: int | float | None,
        algorithm: str | None,
    ) -> None:
        """Clip as the Trainer's flags say, else as the config says."""
        if value is not None or self._clip is None:
            module.clip_gradients(optimizer, value, algorithm)
        elif self._clip.whole_model:
            self._clip(module.parameters())
        else:
            self._clip(p for group in optimizer.param_groups for p in group["params"])

    @property
    def grad_norm(self) -> Tensor | None:
        """Norm of the gradients before they were last clipped; None where no norm is limited."""
        return None if self._clip is None else self._clip.last_norm

    def save(self, checkpoint: dict[str, Any]) -> None:
        """Add the gradients that wait for a step to a whole checkpoint; all processes call it."""
        if self._accumulation is not None and "optimizer_states" in checkpoint:
            checkpoint[KEY] = self._accumulation.state_dict()

    def load(self, checkpoint: Mapping[str, Any]) -> None:
        """Keep gradients that wait for a step until the optimizer is built."""
        self._waiting = checkpoint.get(KEY, {})
