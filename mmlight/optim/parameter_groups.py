"""Turns a module and `paramwise_cfg` into parameter groups with their rates and decays."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from mmlight.optim.schedule import Group

NORMS = (_BatchNorm, _InstanceNorm, nn.GroupNorm, nn.LayerNorm)
DECAYS = ("bias_decay_mult", "norm_decay_mult", "dwconv_decay_mult")
DEFORMABLE = ("DeformConv2d", "ModulatedDeformConv2d")


@dataclass(frozen=True)
class ParamwiseRules:
    """Multipliers of learning rate and weight decay by kind of parameter; None leaves a kind alone.

    The longest custom key that is a part of a parameter's mm name decides alone. Otherwise the
    first kind that fits gives the decay: normalization, bias, depth-wise convolution, flat.

    Args:
        bias_lr_mult: For the rate of biases, except those of normalization layers.
        bias_decay_mult: For the decay of biases.
        norm_decay_mult: For the decay of weights and biases of normalization layers.
        dwconv_decay_mult: For the decay of 2d convolutions with as many groups as input channels.
        flat_decay_mult: For the decay of one-dimensional parameters.
        dcn_offset_lr_mult: For the rate of the offset convolution inside a deformable convolution.
        custom_keys: Part of a name to `lr_mult`, `decay_mult` and further options of the group. A
            parameter of the module itself has a name that begins with a dot.
        bypass_duplicate: Skip a parameter that was seen before, instead of refusing it.
        exclusive_layers: Normalization layers and depth-wise convolutions follow their own
            multiplier alone, 1 when it is None: their biases never fall through to
            `bias_decay_mult`. That is the order of mmcv.
        keep_frozen: Hand parameters that require no gradient to the optimizer, with its own
            options. mmcv does.

    From: mmengine 0.10 `DefaultOptimWrapperConstructor`; with `exclusive_layers` and `keep_frozen`
    mmcv 1.7 `DefaultOptimizerConstructor`, which has no `flat_decay_mult` and no further options in
    `custom_keys`.
    """

    bias_lr_mult: float | None = None
    bias_decay_mult: float | None = None
    norm_decay_mult: float | None = None
    dwconv_decay_mult: float | None = None
    flat_decay_mult: float | None = None
    dcn_offset_lr_mult: float | None = None
    custom_keys: dict[str, dict[str, Any]] | None = None
    bypass_duplicate: bool = False
    exclusive_layers: bool = False
    keep_frozen: bool = False

    def check(self, lr: float | None, weight_decay: float | None) -> None:
        """Raise ValueError if there is a multiplier of a rate or decay that is not given."""
        custom = (self.custom_keys or {}).items()
        for name, value, word, fields in (
            ("lr", lr, "lr_mult", ("bias_lr_mult", "dcn_offset_lr_mult")),
            ("weight_decay", weight_decay, "decay_mult", DECAYS),
        ):
            given = [field for field in fields if getattr(self, field) is not None]
            given += [key for key, rule in custom if word in rule]
            if value is None and given:
                raise ValueError(f"{name} must be given to be multiplied by {given[0]}, got None")


@dataclass(frozen=True)
class Place:
    """One parameter, and what rules ask about it.

    Args:
        name: Our full name.
        mm_name: The original's, which custom keys are matched with; a parameter of the module
            itself has a dot in front.
        parameter: The parameter.
        is_norm: Whether it belongs to a normalization layer.
        is_dwconv: Whether it belongs to a depth-wise convolution.
        is_in_deformable: Whether it belongs to a child of a deformable convolution.
        is_offset: Whether it belongs to the convolution that computes the offsets of one.
    """

    name: str
    mm_name: str
    parameter: nn.Parameter
    is_norm: bool
    is_dwconv: bool
    is_in_deformable: bool
    is_offset: bool

    @property
    def is_bias(self) -> bool:
        """Whether the original calls it a bias."""
        return self.mm_name.rpartition(".")[2] == "bias"


def group_parameters(
    module: nn.Module,
    rules: ParamwiseRules,
    *,
    lr: float | None,
    weight_decay: float | None = None,
    mm_names: Mapping[str, str] | None = None,
) -> list[Group]:
    """Sort the parameters of a module into groups of equal options.

    Args:
        module: Whose parameters are to be trained.
        rules: What to multiply for which of them.
        lr: Learning rate to multiply; None for the optimizer's default.
        weight_decay: Weight decay to multiply; None for an optimizer without.
        mm_names: From our parameter names to the mm names that custom keys are written for; others
            stay.

    Returns:
        Groups in the order of their first parameter: `params`, a unique `name`, and those options
        that differ from the optimizer's own. The first group holds the module's first parameter,
        whose rate is the one that mm logs.

    Raises:
        ValueError: If a parameter occurs twice, or a rate or decay that is not given is to be
            multiplied.

    Examples:
        >>> rules = ParamwiseRules(bias_decay_mult=0.0)
        >>> groups = group_parameters(nn.Linear(2, 2), rules, lr=0.1, weight_decay=0.01)
        >>> [(group["name"], len(group["params"])) for group in groups]
        [('default', 1), ('weight_decay=0.0', 1)]
    """
    rules.check(lr, weight_decay)
    places = list_places(module, mm_names or {})
    kept = (place for place in places if place.parameter.requires_grad or rules.keep_frozen)

    def choose(place: Place) -> dict[str, Any]:
        return _get_options(place, rules, lr, weight_decay)

    return collect_groups(kept, choose, bypass_duplicate=rules.bypass_duplicate)


def collect_groups(
    places: Iterable[Place],
    choose: Callable[[Place], dict[str, Any]],
    *,
    bypass_duplicate: bool = False,
) -> list[Group]:
    """Put parameters with equal options into one group.

    Args:
        places: The parameters.
        choose: Tells the options of one, those that differ from the optimizer's own.
        bypass_duplicate: Skip a parameter that was seen before, instead of refusing it.

    Raises:
        ValueError: If a parameter occurs twice.
    """
    groups: dict[str, Group] = {}
    seen: set[int] = set()
    for place in places:
        if id(place.parameter) in seen:
            if bypass_duplicate:
                continue
            raise ValueError(f"bypass_duplicate must be True to share {place.name}, got False")
        seen.add(id(place.parameter))
        options = choose(place)
        name = ",".join(f"{key}={value}" for key, value in sorted(options.items())) or "default"
        group = groups.setdefault(name, {"params": [], "name": name, **options})
        group["params"].append(place.parameter)
    return list(groups.values())


def _walk_modules(
    module: nn.Module, prefix: str = "", parent: nn.Module | None = None
) -> Iterator[tuple[str, nn.Module, nn.Module | None]]:
    yield prefix, module, parent
    for name, child in module.named_children():
        yield from _walk_modules(child, f"{prefix}.{name}" if prefix else name, module)


def list_places(module: nn.Module, mm_names: Mapping[str, str]) -> Iterator[Place]:
    """Yield the parameters of a module, those of parents first, shared ones again."""
    for prefix, child, parent in _walk_modules(module):
        is_in_deformable = any(cls.__name__ in DEFORMABLE for cls in type(parent).__mro__)
        is_conv = isinstance(child, nn.Conv2d)
        is_dwconv = isinstance(child, nn.Conv2d) and child.in_channels == child.groups
        for leaf, parameter in child.named_parameters(recurse=False):
            name = f"{prefix}.{leaf}" if prefix else leaf
            mm_name = mm_names.get(name, name)
            yield Place(
                name=name,
                mm_name=mm_name if "." in mm_name else f".{mm_name}",
                parameter=parameter,
                is_norm=isinstance(child, NORMS),
                is_dwconv=is_dwconv,
                is_in_deformable=is_in_deformable,
                is_offset=is_in_deformable and is_conv and "conv_offset" in prefix,
            )


def _get_options(
    place: Place, rules: ParamwiseRules, lr: float | None, weight_decay: float | None
) -> dict[str, Any]:
    """Return the options of a parameter that differ from the optimizer's own; none if frozen."""
    if not place.parameter.requires_grad:
        return {}
    custom = find_custom(place.mm_name, rules.custom_keys or {})
    if custom is None:
        lr_mult, decay_mult, more = _get_lr_mult(place, rules), _get_decay_mult(place, rules), {}
    else:
        more = dict(custom)
        lr_mult, decay_mult = more.pop("lr_mult", 1.0), more.pop("decay_mult", 1.0)
    options: dict[str, Any] = {} if lr is None else {"lr": lr * lr_mult}
    if weight_decay is not None:
        options["weight_decay"] = weight_decay * decay_mult
    own = {"lr": lr, "weight_decay": weight_decay}
    return {key: value for key, value in {**options, **more}.items() if value != own.get(key)}


def find_custom(mm_name: str, custom_keys: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Return the rule of the longest key that is a part of a name; None when there is none."""
    for key in sorted(custom_keys, key=lambda key: (-len(key), key)):
        if key in mm_name:
            return custom_keys[key]
    return None


def _get_lr_mult(place: Place, rules: ParamwiseRules) -> float:
    if place.is_offset and rules.dcn_offset_lr_mult is not None:
        return rules.dcn_offset_lr_mult
    is_plain_bias = place.is_bias and not place.is_norm and not place.is_in_deformable
    return rules.bias_lr_mult if is_plain_bias and rules.bias_lr_mult is not None else 1.0


def _get_decay_mult(place: Place, rules: ParamwiseRules) -> float:
    norm = (place.is_norm, rules.norm_decay_mult)
    bias = (place.is_bias and not place.is_in_deformable, rules.bias_decay_mult)
    dwconv = (place.is_dwconv, rules.dwconv_decay_mult)
    is_flat = place.parameter.ndim == 1 and not place.is_in_deformable
    if rules.exclusive_layers:
        order = [norm, dwconv, bias, (is_flat, rules.flat_decay_mult)]
        return next((1.0 if mult is None else mult for fits, mult in order if fits), 1.0)
    order = [norm, bias, dwconv, (is_flat, rules.flat_decay_mult)]
    return next((mult for fits, mult in order if fits and mult is not None), 1.0)
