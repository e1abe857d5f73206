"""Start values for weights: small objects that fill the layers of a module that match by name."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from torch import Tensor, nn

from mmlight.models.override import AnyOverride, Override
from mmlight.models.trunc_normal import trunc_normal_


class Initializer(ABC):
    """Fills weight and bias of the layers of a module that match by class name.

    Args:
        bias: Value for every bias of a matching layer.
        bias_prob: Prior probability in (0, 1); sets `bias` to the logit that predicts it.
        layer: Class name or names; a layer matches by its own class or a direct base. Empty matches
            nothing.
        override: Parts that get other values afterwards; dicts as in `Override.of` will do.

    From: mmcv 1.7 and mmengine 0.10 `BaseInit`; the same distribution, other random draws.
    """

    def __init__(
        self,
        *,
        bias: float = 0.0,
        bias_prob: float | None = None,
        layer: str | Sequence[str] | None = None,
        override: AnyOverride | Sequence[AnyOverride] | None = (),
    ) -> None:
        if bias_prob is not None and not 0 < bias_prob < 1:
            raise ValueError(f"bias_prob must be inside (0, 1), got {bias_prob}")
        self.bias = bias if bias_prob is None else -math.log((1 - bias_prob) / bias_prob)
        self.layer = frozenset([layer] if isinstance(layer, str) else layer or ())
        parts = [override] if isinstance(override, (Override, Mapping)) else override or ()
        self.override = tuple(Override.of(part) for part in parts)

    @abstractmethod
    def fill(self, weight: Tensor) -> None:
        """Fill one weight in place."""

    def __call__(self, module: nn.Module) -> None:
        """Fill the matching layers of `module`, then its overrides."""
        self.fill_layers(module.modules(), only_matching=True)
        for override in self.override:
            override.fill(_get_part(module, override.name), self)

    def fill_layers(self, layers: Iterable[nn.Module], *, only_matching: bool) -> None:
        """Fill weight and bias of each layer, or of each layer whose class name matches."""
        for layer in layers:
            if only_matching and not _class_names(type(layer)) & self.layer:
                continue
            weight, bias = getattr(layer, "weight", None), getattr(layer, "bias", None)
            if isinstance(weight, Tensor):
                self.fill(weight)
            if isinstance(bias, Tensor):
                nn.init.constant_(bias, self.bias)


class Constant(Initializer):
    """Fill weights with one value.

    Args:
        val: The value.
        **common: Arguments of `Initializer`.

    Examples:
        >>> linear = nn.Linear(1, 1)
        >>> Constant(2, bias=3, layer="Linear")(linear)
        >>> linear.weight.item(), linear.bias.item()
        (2.0, 3.0)

    From: mmengine 0.10 `ConstantInit`.
    """

    def __init__(self, val: float, **common: Any) -> None:
        super().__init__(**common)
        self.val = val

    def fill(self, weight: Tensor) -> None:
        """Fill with `val`."""
        nn.init.constant_(weight, self.val)


class Normal(Initializer):
    """Draw weights from a normal distribution.

    Args:
        mean: Mean.
        std: Standard deviation, at least 0.
        **common: Arguments of `Initializer`.

    From: mmengine 0.10 `NormalInit`.
    """

    def __init__(self, mean: float = 0.0, std: float = 1.0, **common: Any) -> None:
        super().__init__(**common)
        self.mean, self.std = mean, std

    def fill(self, weight: Tensor) -> None:
        """Draw from N(mean, std^2)."""
        nn.init.normal_(weight, self.mean, self.std)


class TruncNormal(Normal):
    """Draw weights from a normal distribution cut at `a` and `b`.

    Args:
        mean: Mean.
        std: Standard deviation, above 0.
        a: Smallest value (absolute, not in units of `std`).
        b: Largest value.
        **common: Arguments of `Initializer`.

    From: mmengine 0.10 `TruncNormalInit`.
    """

    def __init__(
        self,
        mean: float = 0.0,
        std: float = 1.0,
        a: float = -2.0,
        b: float = 2.0,
        **common: Any,
    ) -> None:
        super().__init__(mean, std, **common)
        self.a, self.b = a, b

    def fill(self, weight: Tensor) -> None:
        """Draw from N(mean, std^2) inside [a, b]."""
        trunc_normal_(weight, self.mean, self.std, self.a, self.b)


class Uniform(Initializer):
    """Draw weights uniformly from [a, b).

    Args:
        a: Lower bound.
        b: Upper bound.
        **common: Arguments of `Initializer`.

    From: mmengine 0.10 `UniformInit`.
    """

    def __init__(self, a: float = 0.0, b: float = 1.0, **common: Any) -> None:
        super().__init__(**common)
        self.a, self.b = a, b

    def fill(self, weight: Tensor) -> None:
        """Draw from U(a, b)."""
        nn.init.uniform_(weight, self.a, self.b)


class Xavier(Initializer):
    """Draw weights by Glorot and Bengio's rule.

    Args:
        gain: Factor on the standard deviation.
        distribution: 'normal' or 'uniform'.
        **common: Arguments of `Initializer`.

    From: mmengine 0.10 `XavierInit`.
    """

    def __init__(
        self,
        gain: float = 1.0,
        distribution: Literal["normal", "uniform"] = "normal",
        **common: Any,
    ) -> None:
        super().__init__(**common)
        _check_distribution(distribution)
        self.gain, self.distribution = gain, distribution

    def fill(self, weight: Tensor) -> None:
        """Draw with fan-in and fan-out."""
        uniform = self.distribution == "uniform"
        draw = nn.init.xavier_uniform_ if uniform else nn.init.xavier_normal_
        draw(weight, gain=self.gain)


class Kaiming(Initializer):
    """Draw weights by He's rule.

    Args:
        a: Negative slope, used with `nonlinearity='leaky_relu'` only.
        mode: 'fan_in' or 'fan_out'.
        nonlinearity: Name as `torch.nn.init.calculate_gain` takes it.
        distribution: 'normal' or 'uniform'.
        **common: Arguments of `Initializer`.

    From: mmengine 0.10 `KaimingInit`.
    """

    def __init__(
        self,
        a: float = 0.0,
        mode: Literal["fan_in", "fan_out"] = "fan_out",
        nonlinearity: str = "relu",
        distribution: Literal["normal", "uniform"] = "normal",
        **common: Any,
    ) -> None:
        super().__init__(**common)
        _check_distribution(distribution)
        self.a, self.mode, self.nonlinearity = a, mode, nonlinearity
        self.distribution = distribution

    def fill(self, weight: Tensor) -> None:
        """Draw with fan-in or fan-out."""
        uniform = self.distribution == "uniform"
        draw = nn.init.kaiming_uniform_ if uniform else nn.init.kaiming_normal_
        draw(weight, a=self.a, mode=self.mode, nonlinearity=self.nonlinearity)  # type: ignore[arg-type]


class Caffe2Xavier(Kaiming):
    """Draw weights as Caffe2's `XavierFill` does.

    Args:
        **common: Arguments of `Initializer`.

    From: mmengine 0.10 `Caffe2XavierInit`.
    """

    def __init__(self, **common: Any) -> None:
        super().__init__(
            a=1.0,
            mode="fan_in",
            nonlinearity="leaky_relu",
            distribution="uniform",
            **common,
        )


class Pretrained:
    """Start values from a checkpoint; holds the arguments, the caller of `init_weights` loads.

    Args:
        checkpoint: File or address of the checkpoint.
        prefix: Load only the entries under this name, such as `backbone.`.
        map_location: Device that the tensors are read to.

    From: mmengine 0.10 `PretrainedInit`.
    """

    def __init__(
        self, checkpoint: str, prefix: str | None = None, map_location: str = "cpu"
    ) -> None:
        self.checkpoint = checkpoint
        self.prefix = prefix
        self.map_location = map_location


def _class_names(kind: type) -> set[str]:
    """Return the names that a layer goes by: of its class and of the direct bases.

    timm's variants of torch's layers stand for these.
    """
    names = {kind.__name__}
    while kind.__module__.startswith("timm.") and issubclass(kind.__bases__[0], nn.Module):
        kind = kind.__bases__[0]
        names.add(kind.__name__)
    return names | {base.__name__ for base in kind.__bases__}


def _get_part(module: nn.Module, name: str) -> nn.Module:
    get_part = getattr(module, "get_part", None)  # a backbone looks into the network it wraps
    part = get_part(name) if callable(get_part) else getattr(module, name, None)
    if not isinstance(part, nn.Module):
        raise ValueError(
            f"override names a part that {type(module).__name__} does not have: {name!r}"
        )
    return part


def _check_distribution(distribution: str) -> None:
    if distribution not in ("normal", "uniform"):
        raise ValueError(f"distribution must be 'normal' or 'uniform', got {distribution!r}")
