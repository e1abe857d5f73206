"""The Trainer gives the rates of the originals, under accumulation and over a resume."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch.utils.data import DataLoader

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.callbacks.schedule import ParamSchedule
from mmlight.optim.schedule import Schedule
from tests.reference.original import Original
from tests.reference.rates import (
    BASES,
    EPOCH_LENGTH,
    EPOCHS,
    STEPS,
    Case,
    Values,
    build_schedules,
    check_equal,
    make_case,
    run_mmcv,
    run_mmengine,
    to_words,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:`isinstance.treespec, LeafSpec.` is deprecated:FutureWarning",  # Lightning with torch
    "ignore:You're resuming from a checkpoint that ended before the epoch ended",
)
OLD: dict[str, dict[str, Any]] = {
    "step": {"lr": {"policy": "step", "step": [3, 8], "warmup": "linear", "warmup_iters": 13}},
    "cosine": {
        "lr": {
            "policy": "CosineAnnealing",
            "min_lr": 1e-5,
            "by_epoch": False,
            "warmup": "exp",
            "warmup_iters": 2,
            "warmup_by_epoch": True,
        }
    },
    "cyclic": {"lr": {"policy": "cyclic"}, "momentum": {"policy": "cyclic"}},
}
NEW: dict[str, list[dict[str, Any]]] = {
    "steps": [
        {"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "end": 13},
        {"type": "MultiStepLR", "milestones": [3, 8]},
    ],
    "cosine": [
        {"type": "LinearLR", "start_factor": 1e-3, "end": 3, "convert_to_iter_based": True},
        {"type": "CosineAnnealingLR", "eta_min": 1e-5, "begin": 3},
        {"type": "CosineAnnealingParamScheduler", "param_name": "weight_decay", "eta_min": 0.2},
    ],
    "momentum": [
        {"type": "PolyLR", "power": 0.9, "by_epoch": False},
        {"type": "LinearMomentum", "start_factor": 0.5, "end": 7},
    ],
}
ENDS = (EPOCH_LENGTH * 3, EPOCH_LENGTH * 3 + 2)
"""Where runs are resumed: at the end of an epoch, and inside one."""


class Net(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.weights = torch.nn.ParameterList(torch.zeros(1) for _ in BASES)

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        return torch.stack([weight.sum() for weight in self.weights]).sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        groups: list[dict[str, Any]] = [
            {"params": [weight], "lr": lr} for weight, lr in zip(self.weights, BASES, strict=True)
        ]
        groups[-1]["weight_decay"] = 0.0
        return torch.optim.SGD(groups, lr=BASES[0], momentum=0.9, weight_decay=0.05)

    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(torch.ones(EPOCH_LENGTH, 1))


class Probe(Callback):
    """Notes what each batch uses; may stop after a batch."""

    def __init__(self, found: Values, stop: int | None) -> None:
        self.found = found
        self.stop = stop

    def on_before_backward(self, trainer: Trainer, *args: Any) -> None:
        for name, rows in self.found.items():
            rows.append([group[name] for group in trainer.optimizers[0].param_groups])

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        if len(self.found["lr"]) == self.stop:
            raise KeyError("stopped")


def train(
    schedules: Sequence[Schedule], folder: Path, *, resume_at: int | None = None, **options: Any
) -> Values:
    found: Values = {"lr": [], "momentum": [], "weight_decay": []}
    for stop in [None] if resume_at is None else [resume_at, None]:
        saver = Checkpoint(str(folder), interval=resume_at or -1, by_epoch=False)
        trainer = Trainer(
            **{"max_epochs": EPOCHS, **options},
            callbacks=[ParamSchedule(schedules), saver, Probe(found, stop), Announcer()],
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=folder,
        )
        kinds = [ParamSchedule, Checkpoint, Probe, Announcer]
        trainer.callbacks.sort(key=lambda callback: kinds.index(type(callback)))  # as build does
        files = list(folder.glob("iter_*.ckpt"))
        try:
            trainer.fit(Net(), ckpt_path=files[0] if files else None, weights_only=True)
        except KeyError:
            assert stop is not None
    return found


@pytest.fixture(scope="module")
def old(mmcls: Original) -> dict[tuple[str, int], Values]:
    """What mmcv uses, resumed after 0 (never), 3 epochs."""
    cases = {
        (name, at): make_case(config, resume_at=at) for name, config in OLD.items() for at in (0, 3)
    }
    return dict(zip(cases, mmcls(run_mmcv, list(cases.values())), strict=True))


@pytest.fixture(scope="module")
def new(mmpretrain: Original) -> dict[tuple[str, int], Values]:
    """What mmengine uses, resumed after 0 (never), 3 epochs."""
    cases = {
        (name, at): make_case(config, resume_at=at) for name, config in NEW.items() for at in (0, 3)
    }
    return dict(zip(cases, mmpretrain(run_mmengine, list(cases.values())), strict=True))


def check(ours: Values, theirs: Values) -> None:
    for name in ours.keys() & theirs.keys():
        check_equal(ours[name], theirs[name], name)


def old_schedules(name: str, **changes: Any) -> list[Schedule]:
    case: Case = make_case(OLD[name], **changes)
    return build_schedules(to_words(case))


@pytest.mark.parametrize(("accumulate", "resume_at"), [(1, ENDS[0]), (4, None), (4, ENDS[1])])
@pytest.mark.parametrize("name", OLD)
def test_values_equal_those_of_mmcv(
    old: dict[tuple[str, int], Values],
    name: str,
    accumulate: int,
    resume_at: int | None,
    tmp_path: Path,
) -> None:
    ours = train(
        old_schedules(name), tmp_path, resume_at=resume_at, accumulate_grad_batches=accumulate
    )
    check(ours, old[name, 0 if resume_at is None else 3])
    check(old[name, 0], old[name, 3])


@pytest.mark.parametrize(("accumulate", "resume_at"), [(1, ENDS[0]), (4, None), (4, ENDS[1])])
@pytest.mark.parametrize("name", NEW)
def test_values_equal_those_of_mmengine(
    new: dict[tuple[str, int], Values],
    name: str,
    accumulate: int,
    resume_at: int | None,
    tmp_path: Path,
) -> None:
    schedules = build_schedules({"param_scheduler": NEW[name]})
    ours = train(schedules, tmp_path, resume_at=resume_at, accumulate_grad_batches=accumulate)
    check(ours, new[name, 0 if resume_at is None else 3])
    check(new[name, 0], new[name, 3])


@pytest.mark.parametrize("resume_at", [None, *ENDS])
def test_values_equal_when_iterations_are_counted(
    mmcls: Original, resume_at: int | None, tmp_path: Path
) -> None:
    case = make_case(OLD["cyclic"], by_epoch=False)
    (theirs,) = mmcls(run_mmcv, [case])
    options = {"max_epochs": -1, "max_steps": STEPS}
    schedules = build_schedules(to_words(case))
    check(train(schedules, tmp_path, resume_at=resume_at, **options), theirs)
