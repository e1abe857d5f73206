"""Makes the loaders of a Spec around a stand-in for the data."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mmlight.build import refused_by_class
from mmlight.check.construct import BROKEN, construct, fails
from mmlight.check.findings import Findings
from mmlight.datamodule import LoaderConfig, PipelineDataModule
from mmlight.errors import ConfigError
from mmlight.spec import Call, Spec
from mmlight.upgrade.shape import STAGES

STAND_IN = range(1000)
NEED_DATA = ("ClassBalancedSampler", "WeightedRandomSampler")
"""Samplers of ours that read labels, which the stand-in has not."""
OLD_WORDS = {
    "train_dataloader": "data.train",
    "val_dataloader": "data.val",
    "test_dataloader": "data.test",
    "val_evaluator": "evaluation",
    "test_evaluator": "evaluation",
    "optim_wrapper": "optimizer",
}
UNUSED = {
    "persistent_workers": "There are no workers to keep: num_workers is 0.",
    "prefetch_factor": "There are no workers that prefetch: num_workers is 0.",
}


def examine_loaders(spec: Spec, found: Findings) -> None:
    """Make each loader and its sampler, for data of any length."""
    for stage in STAGES:
        call = spec.data.get(stage)
        if isinstance(call, Call):
            config = construct(without_data(call), found)
            if config is not BROKEN:
                config.dataset = STAND_IN
                _make(stage, call, config, found)
                _note_unused(call, found)


def without_data(call: Call) -> Call:
    """Return the call of a `LoaderConfig` without its dataset."""
    return replace(call, kwargs={**call.kwargs, "dataset": None})


def _make(stage: str, call: Call, config: LoaderConfig, found: Findings) -> None:
    sampler = call.kwargs.get("sampler")
    target = sampler.kwargs.get("sampler") if isinstance(sampler, Call) else "mmlight."
    try:
        build_loader(stage, config)
    except Exception as error:
        cause = error.__cause__ if isinstance(error, ConfigError) else error
        if not str(target).startswith("mmlight.") or str(target).endswith(NEED_DATA):
            return  # the user's own sampler, too, may need the real data
        owner = _find_owner(call, cause)
        if isinstance(cause, ValueError):
            found.add(refused_by_class(owner, cause))
        else:
            found.add(fails(owner, error, doing="be made"))


def build_loader(stage: str, config: LoaderConfig) -> Any:
    """Return the loader of a stage, as a run of a single process has it."""
    configs: dict[str, Any] = {stage: config}
    data = PipelineDataModule(**configs, seed=0)
    return getattr(data, f"{stage}_dataloader")()


def _find_owner(call: Call, error: BaseException | None) -> Call:
    """Return the loader, or its sampler where the error is about an option of that."""
    sampler = call.kwargs.get("sampler")
    if not isinstance(sampler, Call):
        return call
    options: Mapping[str, Any] = sampler.kwargs.get("options") or {}
    if str(error).split(" ")[0] in options:
        return replace(sampler, kwargs=options)
    return call


def _note_unused(call: Call, found: Findings) -> None:
    if call.kwargs.get("num_workers") or call.path.startswith("data."):
        return  # mmcls 0.25 keeps workers unless told otherwise
    for key, text in UNUSED.items():
        origin = call.origins.get(key)
        if call.kwargs.get(key) and origin is not None:
            found.note(f"{call.path}.{key}", text, origin)


def examine_stages(spec: Spec, found: Findings) -> None:
    """Tell when data have no metrics or no optimizer, or these have no data."""
    for stage, argument, partner in (
        ("train", "optimizer", "optim_wrapper"),
        ("val", "val_metrics", "val_evaluator"),
        ("test", "test_metrics", "test_evaluator"),
    ):
        if found.concern(partner, OLD_WORDS[partner]):
            continue  # a part of it could not be read
        loader, data = f"{stage}_dataloader", spec.data.get(stage)
        has_data, has_partner = bool(data), bool(spec.model.get(argument))
        if has_data == has_partner:
            continue
        there, missing = (loader, partner) if has_data else (partner, loader)
        problem = f"the config has {there}, but no {missing}"
        if missing == "test_evaluator":
            found.note(missing, f"{problem}: a test measures nothing.")
            continue
        words = f"{missing}, in 0.x words {OLD_WORDS[missing]}"
        found.add(
            ConfigError(
                missing,
                problem,
                origin=data.origin or "" if isinstance(data, Call) else "",
                expected=f"both {loader} and {partner}, or neither",
                next_step=f"Add {words}, or remove {there}.",
            )
        )
