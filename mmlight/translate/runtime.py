"""Translates the loops, the environment, and the places of files."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmlight.read.node import Origin
from mmlight.translate.section import Section
from mmlight.translate.table import bare_name

NO_EFFECT = {
    "log_level": "Log levels are those of Python's logging.",
    "launcher": "The Trainer launches processes by itself.",
    "gpu_ids": "Devices are chosen by --trainer.devices.",
    "device": "Devices are chosen by --trainer.accelerator.",
    "experiment_name": "Runs are named by their config.",
    "compile": "The network is not compiled; no result depends on it.",
    "activation_checkpointing": "Activations are kept; `with_cp` of a backbone saves memory.",
    "tta_model": "Test-time augmentation is not used unless asked for, as in the original.",
    "tta_pipeline": "Test-time augmentation is not used unless asked for, as in the original.",
}
SYNC_BN = (None, "torch", "mmcv")
STRATEGY = (
    "Remove it, with runner_type, and use --trainer.strategy instead: deepspeed_stage_1 for"
    " zero_optimization.stage=1, and so on; fsdp only where there is no paramwise_cfg."
)
VALIDATION_KEYS = {
    "interval": "val_interval",
    "begin": "val_begin",
    "offset": "val_offset",
    "at_end": "val_at_end",
    "at_start": "val_at_start",
    "changes": "dynamic_intervals",
}
FIND_UNUSED = "Use --trainer.strategy ddp_find_unused_parameters_true."
OWN_BUFFERS = (
    "Each process keeps its own; use --trainer.strategy DDPStrategy"
    " --trainer.strategy.broadcast_buffers true."
)


@dataclass
class Loop:
    """When training stops and validation runs.

    Args:
        by_epoch: Whether `length` and the validation interval count epochs; False counts iterations
            (batches).
        length: Number of epochs or iterations; None when nothing is trained.
        validation: Arguments of the `Validation` callback.
        has_data: Whether there are data to validate.
        origins: Where these were set.
    """

    by_epoch: bool = True
    length: int | None = None
    validation: dict[str, Any] = field(default_factory=dict)
    has_data: bool = False
    origins: dict[str, Origin | None] = field(default_factory=dict)

    def trainer_arguments(self) -> dict[str, Any]:
        """Return the Trainer arguments that give the loop its length."""
        if self.by_epoch:
            return {"max_epochs": self.length if self.length is not None else 1}
        return {
            "max_epochs": -1,
            "max_steps": self.length,
            "val_check_interval": 1,
            "check_val_every_n_epoch": None,
        }


def translate_loop(top: Section) -> Loop:
    """Read `train_cfg`.

    From: mmengine 0.10 `EpochBasedTrainLoop`, `IterBasedTrainLoop`.
    """
    if top.take("train_cfg") is None:
        return Loop()
    settings = top.take_section("train_cfg")
    kinds = ("EpochBasedTrainLoop", "IterBasedTrainLoop")
    kind = bare_name(settings.take("type"))
    by_epoch = settings.take("by_epoch", kind != kinds[1])
    if kind is None:
        kind = kinds[0] if by_epoch else kinds[1]
    if kind not in kinds:
        settings.refuse("type", expected=" or ".join(kinds))
        return Loop()
    loop = Loop(by_epoch=kind == kinds[0])
    key, other = ("max_epochs", "max_iters") if loop.by_epoch else ("max_iters", "max_epochs")
    place = "trainer.max_epochs" if loop.by_epoch else "trainer.max_steps"
    for word in ("type", "by_epoch"):
        settings.use(word, place)
    loop.length = settings.take(key, to=place)
    if settings.take(other) is not None:
        settings.refuse(
            other, f"{kind} counts {key[4:]}, so {other!r} has no meaning", next_step=f"Set {key}."
        )
    if not isinstance(loop.length, int) or loop.length < 1:
        settings.refuse(key, expected="a whole number of 1 or more")
    # an iteration-based loop of mmengine validates every 1000 iterations unless told otherwise
    loop.validation = {
        "interval": settings.take("val_interval", 1 if loop.by_epoch else 1000),
        "begin": settings.take("val_begin", 1),
        "offset": settings.take("val_offset", 0),
        "at_end": settings.take("val_at_end", True),
        "by_epoch": loop.by_epoch,
        "last": loop.length,
    }
    loop.has_data = top.node.get("val_dataloader") is not None
    for name, key in (("changes", "dynamic_intervals"), ("at_start", "val_at_start")):
        if settings.take(key):
            loop.validation[name] = settings.take(key)
    given = {name: key for name, key in VALIDATION_KEYS.items() if key in settings.node}
    loop.origins = {name: settings.origin_of(key) for name, key in given.items()}
    settings.finish()
    return loop


def translate_evaluation_loops(top: Section) -> dict[str, Any]:
    """Return an argument of `ImageClassifier` from `val_cfg` and `test_cfg`.

    From: mmengine 0.10 `ValLoop`, `TestLoop`.
    """
    mixed = []
    for stage, key in (("val", "val_cfg"), ("test", "test_cfg")):
        settings = top.take_section(key)
        if key in top.node and not settings.node:
            top.use(key, "the Trainer's own loop")
        kind = settings.take("type", to="the Trainer's own loop")
        if bare_name(kind) not in (None, "ValLoop", "TestLoop"):
            settings.refuse("type", expected="ValLoop or TestLoop")
        if settings.take("fp16", to="model.mixed_stages"):
            mixed.append(stage)
        settings.finish()
    return {"mixed_stages": mixed} if mixed else {}


def translate_environment(top: Section) -> tuple[int | None, dict[str, Any]]:
    """Read the seed and the Trainer arguments of `randomness`, `env_cfg` and the model wrapper."""
    trainer: dict[str, Any] = {}
    randomness = top.take_section("randomness")
    seed = randomness.take("seed", to="seed_everything")
    if not isinstance(seed, (int, type(None))):
        randomness.refuse("seed", expected="a whole number")
    if randomness.take("deterministic", to="trainer.deterministic"):
        trainer["deterministic"] = True
    randomness.take("diff_rank_seed", to="data.diff_rank_seed")
    randomness.finish()
    environment = top.take_section("env_cfg")
    if environment.take("cudnn_benchmark", to="trainer.benchmark"):
        trainer["benchmark"] = True
    environment.ignore(
        "Workers run without cv2 threads; the Trainer starts the processes.",
        "mp_cfg",
        "dist_cfg",
        "resource_limit",
    )
    environment.finish()
    trainer |= _translate_processes(top)
    for key, reason in NO_EFFECT.items():
        if key in top.node:
            top.ignore(reason, key)
    return seed, trainer


def _translate_processes(top: Section) -> dict[str, Any]:
    """Read how several processes work together."""
    wrapper = top.take_section("model_wrapper_cfg")
    wrapper.refuse_unless("type", None, "MMDistributedDataParallel")
    if wrapper.take("broadcast_buffers"):
        wrapper.note("broadcast_buffers", OWN_BUFFERS)
    else:
        wrapper.use("broadcast_buffers", "so it is here in any case")
    if wrapper.take("find_unused_parameters") or top.take("find_unused_parameters"):
        owner = wrapper if "find_unused_parameters" in wrapper.node else top
        owner.note("find_unused_parameters", FIND_UNUSED)
    else:
        wrapper.use("find_unused_parameters", "so it is here in any case")
        top.use("find_unused_parameters", "so it is here in any case")
    wrapper.finish()
    for key in ("strategy", "runner_type"):
        top.refuse_unless(key, None, reason=STRATEGY)
    synchronize = top.refuse_unless("sync_bn", *SYNC_BN) is not None
    top.use("sync_bn", "trainer.sync_batchnorm")
    return {"sync_batchnorm": True} if synchronize else {}


def translate_places(top: Section, filename: str | None) -> dict[str, Any]:
    """Return `work_dir`, `load_from` and `resume` of the Spec."""
    stem = Path(filename).stem if filename else "run"
    resume = bool(top.take("resume", False, to="resume"))
    load_from = top.take_path("load_from", to="resume" if resume else "load_from")
    return {
        "work_dir": top.take_path("work_dir", f"work_dirs/{stem}", to="work_dir"),
        "load_from": None if resume else load_from,
        "resume": (load_from or True) if resume else False,
    }
