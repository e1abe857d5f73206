"""Turns a module and the depth of its layers into parameter groups with falling rates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from mmlight.optim.parameter_groups import Place, collect_groups, find_custom, list_places
from mmlight.optim.schedule import Group


@dataclass(frozen=True)
class LayerDecayRules:
    """The rate falls with each layer from the head to the stem; multipliers of the weight decay.

    The longest custom key that is a part of a parameter's mm name decides its decay alone.
    Otherwise the first kind that fits does: normalization, bias, flat.

    Args:
        layer_decay_rate: A parameter `n` layers before the head gets the rate times this to the
            power of `n`.
        bias_decay_mult: For the decay of biases.
        norm_decay_mult: For the decay of weights and biases of normalization layers.
        flat_decay_mult: For the decay of one-dimensional parameters.
        custom_keys: Part of a name to `decay_mult` and further options of the group.

    From: mmpretrain 1.2 `LearningRateDecayOptimWrapperConstructor`. Where a custom key names an
    `lr`, that is overwritten, as there.
    """

    layer_decay_rate: float = 1.0
    bias_decay_mult: float | None = None
    norm_decay_mult: float | None = None
    flat_decay_mult: float | None = None
    custom_keys: dict[str, dict[str, Any]] | None = None


def group_by_depth(
    module: nn.Module,
    rules: LayerDecayRules,
    *,
    lr: float | None,
    weight_decay: float | None = None,
    mm_names: Mapping[str, str] | None = None,
) -> list[Group]:
    """Sort the trainable parameters of a model into groups of equal options.

    Args:
        module: A model whose `get_layer_depth` tells for the mm name of a parameter how deep it
            lies, and how many depths there are.
        rules: What the rate and the decay are multiplied by.
        lr: Learning rate of the head.
        weight_decay: Weight decay to multiply; None for an optimizer without.
        mm_names: From our parameter names to the mm names; others stay.

    Returns:
        Groups in the order of their first parameter, see `group_parameters`.

    Raises:
        ValueError: If there is no rate, or the layers of the model have no depths.
    """
    if lr is None:
        raise ValueError("lr must be given to be multiplied by layer_decay_rate, got None")
    find_depth = getattr(module, "get_layer_depth", None)
    if find_depth is None:
        raise ValueError(f"module must have get_layer_depth, got {type(module).__name__}")
    places = [p for p in list_places(module, mm_names or {}) if p.parameter.requires_grad]
    base = {"lr": lr, "weight_decay": weight_decay}

    def choose(place: Place) -> dict[str, Any]:
        options = {} if weight_decay is None else _get_decay(place, rules, weight_decay)
        depth, total = find_depth(place.mm_name.removeprefix("."))
        options["lr"] = lr * rules.layer_decay_rate ** (total - depth - 1)
        return {key: value for key, value in options.items() if value != base.get(key)}

    return collect_groups(places, choose)


def _get_decay(place: Place, rules: LayerDecayRules, weight_decay: float) -> dict[str, Any]:
    """Return the weight decay of a parameter, and what else its custom key says."""
    custom = find_custom(place.mm_name.removeprefix("."), rules.custom_keys or {})
    if custom is not None:
        more = {key: value for key, value in custom.items() if key not in ("decay_mult", "lr_mult")}
        return {"weight_decay": weight_decay * custom.get("decay_mult", 1.0), **more}
    order = (
        (place.is_norm, rules.norm_decay_mult),
        (place.is_bias, rules.bias_decay_mult),
        (place.parameter.ndim == 1, rules.flat_decay_mult),
    )
    mult = next((mult for fits, mult in order if fits and mult is not None), 1.0)
    return {"weight_decay": weight_decay * mult}
