"""Optimizers make the steps of the originals: the same weights after each of many steps."""

from typing import Any

import pytest
import torch

from mmlight.optim.rate_scale import scale_rates
from mmlight.translate.optim_rows import OPTIMIZER_TABLE
from tests.reference.original import Original

STEPS = 25


def take_steps(kind, options, groups, steps, dtype, own=None):
    """Return the parameters after each step, with gradients and rates that change."""
    from pkgutil import resolve_name

    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))  # the originals sum norms in the default dtype
    try:
        torch.manual_seed(0)
        shapes = [(3, 4), (4,), (2, 3, 3), (1,), (5,)]
        parameters = [torch.nn.Parameter(torch.randn(shape)) for shape in shapes]
        with torch.no_grad():
            parameters[3].zero_()
        unused = torch.nn.Parameter(torch.randn(2))
        listed = [{"params": parameters[i::2], **extra} for i, extra in enumerate(groups)]
        listed[-1]["params"] = [*listed[-1]["params"], unused]
        optimizer = resolve_name(kind)(listed, **options)
        base = [group["lr"] for group in optimizer.param_groups]
        found = []
        for step in range(steps):
            for parameter in parameters:
                parameter.grad = torch.randn_like(parameter) * (0.2 + step % 3)
            parameters[4].grad = None if step < 2 else torch.zeros(5)
            for group, lr in zip(optimizer.param_groups, base, strict=True):
                group["lr"] = lr * (1 - step / 40)
            optimizer.step()
            found.append([parameter.detach().clone() for parameter in [*parameters, unused]])
        return found
    finally:
        torch.set_default_dtype(before)


PLAIN: list[dict[str, Any]] = [{}, {"weight_decay": 0.0, "lr": 0.02}]
EXCLUDED: list[dict[str, Any]] = [{}, {"weight_decay": 0.0, "lars_exclude": True}]
CASES: dict[str, tuple[str, dict[str, Any], list[dict[str, Any]]]] = {
    "lamb": ("Lamb", {"lr": 0.01, "weight_decay": 0.02}, PLAIN),
    "lamb-no-clip": ("Lamb", {"lr": 0.01, "max_grad_norm": 1e9, "betas": (0.8, 0.9)}, PLAIN),
    "lamb-adapt": ("Lamb", {"lr": 0.01, "always_adapt": True, "trust_clip": True}, PLAIN),
    "lamb-raw": (
        "Lamb",
        {"lr": 0.01, "bias_correction": False, "grad_averaging": False, "eps": 1e-4},
        PLAIN,
    ),
    "lars": ("LARS", {"lr": 4.8, "momentum": 0.9, "weight_decay": 1e-2}, PLAIN),
    "lars-exclude": ("LARS", {"lr": 0.3, "momentum": 0.9, "weight_decay": 1e-2}, EXCLUDED),
    "lars-plain": ("LARS", {"lr": 0.3, "eta": 0.02, "eps": 1e-3}, PLAIN),
    "lars-nesterov": (
        "LARS",
        {"lr": 0.3, "momentum": 0.9, "weight_decay": 0.1, "nesterov": True},
        EXCLUDED,
    ),
    "lars-dampening": ("LARS", {"lr": 0.3, "momentum": 0.9, "dampening": 0.5}, PLAIN),
    "adan": ("Adan", {"lr": 0.01, "weight_decay": 0.02}, PLAIN),
    "adan-clip": ("Adan", {"lr": 0.01, "max_grad_norm": 0.5, "betas": (0.9, 0.8, 0.95)}, PLAIN),
    "adan-one-by-one": ("Adan", {"lr": 0.01, "weight_decay": 0.1, "foreach": False}, PLAIN),
    "adan-no-prox": (
        "Adan",
        {"lr": 0.01, "weight_decay": 0.1, "no_prox": True, "foreach": False},
        PLAIN,
    ),
}
LIMITS = {"float64": 1e-12, "float32": 1e-6}
HOMES = {"mmcls": "mmcls.core.optimizers", "mmpretrain": "mmpretrain.engine.optimizers"}
RUNS = [("mmpretrain", case) for case in CASES] + [("mmcls", c) for c in CASES if "lamb" in c]


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize(("generation", "case"), RUNS)
def test_weights_equal_when_steps_are_made(generation, case, dtype, request):
    original: Original = request.getfixturevalue(generation)
    name, options, groups = CASES[case]
    target = OPTIMIZER_TABLE.rows[name].target
    words = (options, groups, STEPS, dtype)
    theirs = original(take_steps, f"{HOMES[generation]}.{name}", *words)
    ours = take_steps(target, *words)
    limit = LIMITS[dtype]
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=limit, atol=limit)
    assert not torch.equal(ours[0][0], ours[-1][0])


def scale_theirs(rates, base, processes, size):
    """Let the runner of mmengine scale the rates of groups."""
    from types import SimpleNamespace

    import torch
    from mmengine.optim import OptimWrapper
    from mmengine.runner import Runner

    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    wrapper = OptimWrapper(torch.optim.SGD(groups, lr=1.0))
    runner = SimpleNamespace(_train_dataloader={"batch_size": size}, world_size=processes)
    runner.logger, runner.param_schedulers = SimpleNamespace(info=lambda _: None), []
    Runner.scale_lr(runner, wrapper, {"enable": True, "base_batch_size": base})
    return [group["lr"] for group in wrapper.optimizer.param_groups]


@pytest.mark.parametrize(("base", "processes", "size"), [(256, 8, 32), (256, 1, 24), (96, 3, 50)])
def test_rates_equal_when_scaled_by_the_batch_size(mmpretrain, base, processes, size):
    rates = [0.1, 0.003, 7e-5]
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    optimizer = torch.optim.SGD(groups, lr=1.0)
    scale_rates(optimizer, base_batch_size=base, batch_size=processes * size, how="")
    theirs = mmpretrain(scale_theirs, rates, base, processes, size)
    assert [group["lr"] for group in optimizer.param_groups] == theirs


def list_optimizers():
    """Return what is registered, with the module that it comes from."""
    import mmengine.optim

    found = mmengine.optim.OPTIMIZERS.module_dict if hasattr(mmengine.optim, "OPTIMIZERS") else {}
    return {name: cls.__module__ for name, cls in found.items()}


def list_old_optimizers():
    """Return what is registered by mmcv, with the module that it comes from."""
    from mmcv.runner import OPTIMIZERS

    return {name: cls.__module__ for name, cls in OPTIMIZERS.module_dict.items()}


def test_every_name_of_the_originals_is_known(mmcls: Original, mmpretrain: Original) -> None:
    registered = set(mmpretrain(list_optimizers)) | set(mmcls(list_old_optimizers))
    assert {"SGD", "AdamW", "LBFGS"} <= registered
    unknown = registered - OPTIMIZER_TABLE.rows.keys()
    # the base class of all; one that spreads its state; 0.x calls the one of torch Adafactor
    assert unknown == {"Optimizer", "ZeroRedundancyOptimizer"}
