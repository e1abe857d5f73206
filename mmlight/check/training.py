"""Makes the optimizer, the metrics and the callbacks, and finds what contradicts the rest."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from lightning.pytorch.callbacks import Callback
from torch import nn

from mmlight.build import refused_by_class
from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.check.construct import BROKEN, construct, fails, has_broken
from mmlight.check.findings import Findings
from mmlight.check.network import Network
from mmlight.errors import UnsupportedValueError, list_names, nearest_name
from mmlight.module import ImageClassifier
from mmlight.optim.constructor import ConstructedOptimizer
from mmlight.optim.optimizer import OptimizerBuilder
from mmlight.spec import Call, Spec


def examine_optimizer(spec: Spec, network: Network, found: Findings) -> None:
    """Build the optimizer for the network, or for a stand-in where that could not be built."""
    construct(spec.model.get("grad_clip"), found)
    call = spec.model.get("optimizer")
    builder = construct(call, found)
    if not isinstance(call, Call) or not isinstance(
        builder, OptimizerBuilder | ConstructedOptimizer
    ):
        return
    parts = {name: network.parts[name] for name in ("backbone", "neck", "head")}
    try:
        with torch.device("meta"):
            if network.is_whole:
                module = ImageClassifier(**parts)
                builder.build(module, module.name_map().to_mm)
            else:
                builder.build(nn.Linear(1, 1))
    except (TypeError, ValueError, KeyError) as error:
        found.add(_refused_option(call, error))
    except Exception as error:
        found.add(fails(call, error, doing="be made"))


def _refused_option(call: Call, error: Exception) -> UnsupportedValueError:
    """Tell which option torch refused, by the value at the end of its text."""
    options = call.kwargs.get("options") or {}
    refused = refused_by_class(replace(call, kwargs={**options, **call.kwargs}), error)
    keys = [key for key, value in options.items() if str(error).endswith(f": {value!r}")]
    if len(keys) == 1:
        refused.path = f"{call.path}.{keys[0]}"
        refused.origin = str(call.origins.get(keys[0]) or call.origin or "")
    return refused


# -------------------------------------------------------------------------- metrics


def examine_metrics(spec: Spec, network: Network, found: Findings) -> dict[str, list[Any]]:
    """Make the metrics of each stage and compare their `topk` with the number of classes.

    Returns:
        The metrics by stage; none for a stage where one could not be made.
    """
    _compare_topk(network.calls.get("head"), network.parts.get("head"), network, found)
    live: dict[str, list[Any]] = {}
    for stage in ("val", "test"):
        calls = list(spec.model.get(f"{stage}_metrics") or ())
        made = [construct(call, found) for call in calls]
        for call, metric in zip(calls, made, strict=True):
            _compare_topk(call, metric, network, found)
        live[stage] = [] if has_broken(made) else made
    return live


def _compare_topk(call: Any, owner: Any, network: Network, found: Findings) -> None:
    problem = compare_topk(call, owner, network.num_classes)
    if problem is not None:
        found.add(problem)


def compare_topk(call: Any, owner: Any, num_classes: int | None) -> UnsupportedValueError | None:
    """Return what is wrong when a metric or a head asks for more classes than there are.

    Args:
        call: How `owner` was made; anything else than a Call is not looked at.
        owner: What may have an attribute `topk`.
        num_classes: Number of classes, None if it is not known.
    """
    topk = getattr(owner, "topk", None) or ()
    largest = topk if isinstance(topk, int) else max(topk, default=0)
    unused = not getattr(owner, "cal_acc", True)
    if not isinstance(call, Call) or unused or num_classes is None or largest <= num_classes:
        return None
    return UnsupportedValueError(
        f"{call.path}.topk",
        f"topk={topk} asks for more than the {num_classes} classes",
        origin=call.origins.get("topk") or call.origin or "",
        expected=f"numbers up to {num_classes}",
        next_step="Set topk=(1,), or the right number of classes.",
    )


# -------------------------------------------------------------------------- callbacks


def examine_callbacks(spec: Spec, metrics: Sequence[Any], found: Findings) -> None:
    """Make every callback; the best checkpoint needs a metric that exists.

    Args:
        spec: Without arguments that a class does not take.
        metrics: The metrics of validation.
        found: Gets the problems.
    """
    for call in spec.callbacks:
        callback = construct(call, found)
        if callback is BROKEN:
            continue
        if not isinstance(callback, Callback):
            found.add(
                UnsupportedValueError(
                    call.path or call.target,
                    f"{call.target} is no hook, it makes a {type(callback).__name__}",
                    origin=call.origin or "",
                    expected="a class that derives from Hook, or from Lightning's Callback",
                    next_step="Derive the class from mmlight.Hook.",
                )
            )
        if isinstance(callback, Checkpoint):
            found.errors += compare_best(call, callback, metrics)
            if callback.interval == 0:
                origin = call.origins.get("interval") or call.origin
                found.note(f"{call.path}.interval", "0 saves no checkpoint on the way.", origin)


def compare_best(
    call: Call, checkpoint: Checkpoint, metrics: Sequence[Any]
) -> list[UnsupportedValueError]:
    """Return what is wrong when the best checkpoint is told by a metric that does not exist.

    Args:
        call: How `checkpoint` was made.
        checkpoint: What saves the best.
        metrics: The metrics of validation.
    """
    names = [name for metric in metrics for name in getattr(metric, "names", ())]
    if not all(hasattr(metric, "names") for metric in metrics) or not names:
        return []  # the names of a user's metric are known when it is computed
    return [
        UnsupportedValueError(
            call.path_of("save_best"),
            f"no metric of the validation is called {name!r}",
            origin=call.origins.get("save_best") or call.origin or "",
            expected=list_names(names),
            nearest=nearest_name(name, names),
            next_step="Correct the name, or set save_best='auto'.",
        )
        for name in checkpoint.best.rules
        if name != "auto" and name not in names
    ]
