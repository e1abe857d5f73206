"""Optimizers, their wrappers and constructors as users' own code derives from them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from mmlight.compat.registries import mmcv, mmengine
from mmlight.optim.gradient_clip import GradientClip
from mmlight.optim.layer_decay import LayerDecayRules
from mmlight.optim.optimizer import Rules, group
from mmlight.optim.parameter_groups import ParamwiseRules
from mmlight.registry import Registry


class OptimWrapper:
    """An optimizer with the gradient clipping and accumulation of a config.

    Args:
        optimizer: The optimizer.
        accumulative_counts: Number of batches that give one step.
        clip_grad: Arguments of `clip_grad_norm_`, or of `clip_grad_value_` with `type='value'`.

    Attributes:
        base_param_settings: Beside several groups one more, of no parameter, with the options that
            the config names. Schedules change it too, so that it tells the rate before
            multipliers.

    From: mmengine 0.10 `OptimWrapper`, without `optim_context` and without messages to hooks.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        accumulative_counts: int = 1,
        clip_grad: Mapping[str, Any] | None = None,
    ) -> None:
        if accumulative_counts < 1:
            raise ValueError(f"accumulative_counts must be at least 1, got {accumulative_counts}")
        self.optimizer = optimizer
        self.clip = GradientClip(**clip_grad) if clip_grad else None
        self.accumulative_counts = accumulative_counts
        self.base_param_settings: dict[str, Any] | None = None
        if len(optimizer.param_groups) > 1:
            self.base_param_settings = {"params": torch.zeros(1), **optimizer.defaults}
        self._batches = 0

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The parameter groups of the optimizer, and the base settings."""
        base = self.base_param_settings
        return self.optimizer.param_groups + ([] if base is None else [base])

    def update_params(self, loss: Tensor) -> None:
        """Go back through a batch's loss, and make a step when enough batches are together."""
        torch.autograd.backward(loss / self.accumulative_counts)
        self._batches += 1
        if self._batches % self.accumulative_counts == 0:
            self.step()
            self.zero_grad()

    def step(self, **kwargs: Any) -> None:
        """Clip the gradients and make a step."""
        if self.clip is not None:
            groups = self.optimizer.param_groups
            self.clip(weight for group in groups for weight in group["params"])
        self.optimizer.step(**kwargs)

    def zero_grad(self, **kwargs: Any) -> None:
        """Forget the gradients."""
        self.optimizer.zero_grad(**kwargs)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the optimizer, and the base settings."""
        state = self.optimizer.state_dict()
        if self.base_param_settings is not None:
            state["base_param_settings"] = self.base_param_settings
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the state of an optimizer."""
        own = dict(state_dict)
        self.base_param_settings = own.pop("base_param_settings", self.base_param_settings)
        self.optimizer.load_state_dict(own)

    def get_lr(self) -> dict[str, list[float]]:
        """Return the rate of each group, and beside several groups the one of the config."""
        base = self.base_param_settings
        rates = {"lr": [group["lr"] for group in self.optimizer.param_groups]}
        return rates if base is None else {"base_lr": [base["lr"]], **rates}


class AmpOptimWrapper(OptimWrapper):
    """An `OptimWrapper` of mixed precision, which is the Trainer's here.

    Args:
        loss_scale: The config's setting counts, see `mmlight.optim.loss_scale`.
        dtype: The config's setting counts.
        use_fsdp: The Trainer's strategy counts.
        **options: Those of `OptimWrapper`.

    From: mmengine 0.10 `AmpOptimWrapper`.
    """

    def __init__(
        self,
        loss_scale: Any = "dynamic",
        dtype: Any = None,
        use_fsdp: bool = False,
        **options: Any,
    ) -> None:
        del loss_scale, dtype, use_fsdp
        super().__init__(**options)


class DefaultOptimizerConstructor:
    """Build an optimizer of a model in the style of 0.x; a base of users' own constructors.

    Args:
        optimizer_cfg: The dict of the optimizer.
        paramwise_cfg: Multipliers per kind of parameter, see `ParamwiseRules`.

    Attributes:
        base_lr: Rate of the optimizer, None without.
        base_wd: Weight decay of the optimizer, None without.

    From: mmcv 1.7 `DefaultOptimizerConstructor`. Parameters with the same options share a group,
    where that one makes a group for each; its `add_params` does a module with all below it at once,
    where that one calls itself for each child.
    """

    registry: Registry = mmcv.OPTIMIZERS

    def __init__(
        self, optimizer_cfg: Mapping[str, Any], paramwise_cfg: Mapping[str, Any] | None = None
    ) -> None:
        if not isinstance(optimizer_cfg, Mapping):
            raise TypeError(f"optimizer_cfg must be a dict, got {optimizer_cfg!r}")
        self.optimizer_cfg = dict(optimizer_cfg)
        self.paramwise_cfg = dict(paramwise_cfg or {})
        self.base_lr: Any = self.optimizer_cfg.get("lr")
        self.base_wd: Any = self.optimizer_cfg.get("weight_decay")

    def __call__(self, model: nn.Module) -> Any:
        """Return the optimizer of a model."""
        return self._build(model)

    def add_params(
        self, params: list[dict[str, Any]], module: nn.Module, prefix: str = "", **_: Any
    ) -> None:
        """Append the groups of a module's parameters.

        Args:
            params: Groups so far.
            module: The module.
            prefix: Its name, which all names of its parameters begin with.
        """
        names = [name for name, _ in module.named_parameters(remove_duplicate=False)]
        dot = prefix and prefix.removesuffix(".") + "."
        rates = {"lr": self.base_lr, "weight_decay": self.base_wd}
        params += group(module, self._rules, mm_names={n: dot + n for n in names}, **rates)

    @property
    def _rules(self) -> Rules:
        own = {"flat_decay_mult": None, "exclusive_layers": True, "keep_frozen": True}
        return ParamwiseRules(**{**self._read_words(ParamwiseRules), **own})

    def _read_words(self, rules: type[Rules]) -> dict[str, Any]:
        """Return the words of `paramwise_cfg` that rules know; others are the user's own."""
        known = {field.name for field in fields(rules)}
        return {key: value for key, value in self.paramwise_cfg.items() if key in known}

    def _build(self, model: nn.Module) -> Any:
        params: Any = model.parameters()
        if self.paramwise_cfg:
            params = []
            self.add_params(params, model)
        return self.registry.build({**self.optimizer_cfg, "params": params})


class DefaultOptimWrapperConstructor(DefaultOptimizerConstructor):
    """Build the wrapped optimizer of a model in the style of 1.x.

    Args:
        optim_wrapper_cfg: The dict of the wrapper, with `optimizer` in it.
        paramwise_cfg: Multipliers per kind of parameter, see `ParamwiseRules`.

    From: mmengine 0.10 `DefaultOptimWrapperConstructor`, with the same two differences.
    """

    registry = mmengine.OPTIMIZERS

    def __init__(
        self, optim_wrapper_cfg: Mapping[str, Any], paramwise_cfg: Mapping[str, Any] | None = None
    ) -> None:
        self.optim_wrapper_cfg = dict(optim_wrapper_cfg)
        self.wrapper_kind = self.optim_wrapper_cfg.pop("type", "OptimWrapper")
        super().__init__(self.optim_wrapper_cfg.pop("optimizer"), paramwise_cfg)

    def __call__(self, model: nn.Module) -> Any:
        """Return the wrapped optimizer of a model."""
        own = {"OptimWrapper": OptimWrapper, "AmpOptimWrapper": AmpOptimWrapper}
        wrapper = own.get(self.wrapper_kind) or mmengine.OPTIM_WRAPPERS.get(self.wrapper_kind)
        if wrapper is None:
            raise ValueError(f"type must be OptimWrapper or registered, got {self.wrapper_kind!r}")
        return wrapper(optimizer=self._build(model), **self.optim_wrapper_cfg)

    @property
    def _rules(self) -> Rules:
        return ParamwiseRules(**self._read_words(ParamwiseRules))


class LearningRateDecayOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Build the wrapped optimizer of a model whose rates fall from the head to the stem.

    The arguments are those of `DefaultOptimWrapperConstructor`; see `LayerDecayRules`.

    From: mmpretrain 1.2 `LearningRateDecayOptimWrapperConstructor`, with the same two differences.
    """

    @property
    def _rules(self) -> Rules:
        return LayerDecayRules(**self._read_words(LayerDecayRules))


def build_optimizer(model: nn.Module, cfg: Mapping[str, Any]) -> Any:
    """Build the optimizer of a model, by the constructor that the dict names.

    From: mmcv 1.7 `build_optimizer`.
    """
    options = dict(cfg)
    kind = options.pop("constructor", "DefaultOptimizerConstructor")
    rules = options.pop("paramwise_cfg", None)
    described = {"type": kind, "optimizer_cfg": options, "paramwise_cfg": rules}
    return mmcv.OPTIM_WRAPPER_CONSTRUCTORS.build(described)(model)


def build_optim_wrapper(model: nn.Module, cfg: Mapping[str, Any]) -> Any:
    """Build the wrapped optimizer of a model, by the constructor that the dict names.

    From: mmengine 0.10 `build_optim_wrapper`.
    """
    options = dict(cfg)
    kind = options.pop("constructor", "DefaultOptimWrapperConstructor")
    rules = options.pop("paramwise_cfg", None)
    described = {"type": kind, "optim_wrapper_cfg": options, "paramwise_cfg": rules}
    return mmengine.OPTIM_WRAPPER_CONSTRUCTORS.build(described)(model)
