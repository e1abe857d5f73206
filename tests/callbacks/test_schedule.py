from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader

from mmlight import build_parts
from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.idle_hooks import drop_idle_hooks
from mmlight.callbacks.schedule import ParamSchedule
from mmlight.compat.lr_updater import LrUpdaterHook
from mmlight.errors import ConfigError
from mmlight.hooks.runner_view import find_view
from mmlight.optim.driver import simulate
from mmlight.optim.momentum_policies import CyclicMomentumPolicy
from mmlight.optim.own_updater import OwnUpdater
from mmlight.optim.plateau import ReduceOnPlateau
from mmlight.optim.policies import CosineAnnealingPolicy, PolyPolicy, StepPolicy
from mmlight.optim.recursions import CosineAnnealingLR, LinearLR, MultiStepLR
from mmlight.optim.schedule import Schedule
from tests.runs import LENET_OLD, write_config

EPOCHS, EPOCH_LENGTH = 4, 5

pytestmark = pytest.mark.filterwarnings(
    "ignore:`isinstance.treespec, LeafSpec.` is deprecated:FutureWarning",  # Lightning with torch
    "ignore:You're resuming from a checkpoint that ended before the epoch ended",
    "ignore:Checkpoint directory .* exists and is not empty",
)


SCHEDULES: dict[str, list[Schedule]] = {
    "mmcls step": [StepPolicy(step=[1, 3], warmup="linear", warmup_iters=8, warmup_ratio=0.25)],
    "mmcls cosine": [CosineAnnealingPolicy(min_lr=0.01, warmup="linear", warmup_iters=3)],
    "mmcls poly": [PolyPolicy(power=0.9, min_lr=0.001, by_epoch=False)],
    "mmcls cyclic": [PolyPolicy(by_epoch=False), CyclicMomentumPolicy(cyclic_times=2)],
    "mmpretrain steps": [
        LinearLR(start_factor=0.1, by_epoch=False, end=7),
        MultiStepLR(milestones=[1, 3]),
    ],
    "mmpretrain cosine": [
        LinearLR(start_factor=0.1, end=1, convert_to_iter_based=True),
        CosineAnnealingLR(eta_min=0.01, begin=1),
    ],
}


class Net(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        return self.layer(batch).sum()

    def validation_step(self, batch: torch.Tensor, batch_idx: int) -> None: ...

    def configure_optimizers(self) -> torch.optim.Optimizer:
        groups = [
            {"params": [self.layer.weight], "lr": 0.4},
            {"params": [self.layer.bias], "lr": 0.04},
        ]
        return torch.optim.SGD(groups, lr=0.4, momentum=0.9)

    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(torch.ones(EPOCH_LENGTH, 1))

    def val_dataloader(self) -> DataLoader[Any]:
        return DataLoader(torch.ones(1, 1))


class Probe(Callback):
    """Notes what each batch trains with, what a logger sees after it, and what validation sees."""

    def __init__(self, name: str = "lr", stop_after: int | None = None) -> None:
        self.name = name
        self.stop_after = stop_after
        self.used: list[list[float]] = []
        self.logged: list[list[float]] = []
        self.validated: list[float] = []

    def _read(self, trainer: Trainer) -> list[float]:
        groups = find_view(trainer).optim_wrapper.param_groups  # the base settings are the last
        return [float(group[self.name]) for group in groups]

    def on_before_backward(self, trainer: Trainer, *args: Any) -> None:
        self.used.append(self._read(trainer))

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        self.logged.append(self._read(trainer))
        if len(self.used) == self.stop_after:
            raise KeyError("stopped")

    def on_validation_start(self, trainer: Trainer, *args: Any) -> None:
        self.validated.append(self._read(trainer)[0])


def train(
    schedules: Sequence[Schedule],
    folder: Path,
    *,
    name: str = "lr",
    stop_after: int | None = None,
    resume: bool = False,
    save: str = "every_n_train_steps",
    **options: Any,
) -> Probe:
    probe = Probe(name, stop_after)
    saver = ModelCheckpoint(folder, save_last=True, **{save: 1})
    trainer = Trainer(
        **{"max_epochs": EPOCHS, **options},
        callbacks=[probe, ParamSchedule(schedules), saver, Announcer()],
        accelerator="cpu",
        logger=False,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    path = str(folder / "last.ckpt") if resume else None
    try:
        trainer.fit(Net(), ckpt_path=path)
    except KeyError:
        assert stop_after is not None
    return probe


def expect(schedules: Sequence[Schedule], **options: Any) -> list[list[float]]:
    options = {"momentum": 0.9, **options}
    columns = [simulate(schedules, lr, EPOCHS, EPOCH_LENGTH, **options) for lr in (0.4, 0.04, 0.4)]
    return [list(groups) for groups in zip(*columns, strict=True)]


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("kind", SCHEDULES)
def test_uses_the_scheduled_rates_when_lightning_trains(
    tmp_path: Path, kind: str, accumulate: int
) -> None:
    probe = train(SCHEDULES[kind], tmp_path, accumulate_grad_batches=accumulate)
    assert probe.used == expect(SCHEDULES[kind])
    assert probe.logged == probe.used


def test_schedules_momentum_when_a_policy_names_it(tmp_path: Path) -> None:
    probe = train(SCHEDULES["mmcls cyclic"], tmp_path, name="momentum")
    assert probe.used == expect(SCHEDULES["mmcls cyclic"], param_name="momentum")
    assert len(set(map(tuple, probe.used))) > EPOCH_LENGTH


@pytest.mark.parametrize("kind", SCHEDULES)
def test_uses_the_scheduled_rates_when_the_run_is_iteration_based(
    tmp_path: Path, kind: str
) -> None:
    options = {"max_epochs": -1, "max_steps": EPOCHS * EPOCH_LENGTH}
    probe = train(SCHEDULES[kind][:1], tmp_path, **options, val_check_interval=3)
    assert probe.used == expect(SCHEDULES[kind][:1], by_epoch=False)
    assert probe.logged == probe.used


def test_steps_before_validation_when_an_epoch_ends(tmp_path: Path) -> None:
    after = train([MultiStepLR(milestones=[1, 3], gamma=0.5)], tmp_path).validated
    assert after == [0.2, 0.2, 0.1, 0.1]  # mmengine has stepped when it validates
    before = train([StepPolicy(step=[1, 3], gamma=0.5)], tmp_path).validated
    assert before == [0.4, 0.2, 0.2, 0.1]  # mmcv sets the next rate at the next epoch


@pytest.mark.parametrize("stop_after", [3, 6, 13])
@pytest.mark.parametrize("kind", SCHEDULES)
def test_continues_exactly_when_resumed(tmp_path: Path, kind: str, stop_after: int) -> None:
    train(SCHEDULES[kind], tmp_path, stop_after=stop_after)
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)["loops"]["fit_loop"]
    done = saved["epoch_loop.batch_progress"]["total"]["ready"]
    assert done == stop_after - 1
    probe = train(SCHEDULES[kind], tmp_path, resume=True)
    assert probe.used == expect(SCHEDULES[kind])[done:]


@pytest.mark.parametrize("kind", SCHEDULES)
def test_continues_exactly_when_resumed_after_an_epoch(tmp_path: Path, kind: str) -> None:
    train(SCHEDULES[kind], tmp_path, stop_after=13, save="every_n_epochs")
    probe = train(SCHEDULES[kind], tmp_path, resume=True, save="every_n_epochs")
    assert probe.used == expect(SCHEDULES[kind])[2 * EPOCH_LENGTH :]


def test_takes_explicit_lengths_when_the_trainer_has_others() -> None:
    callback = ParamSchedule([PolyPolicy(by_epoch=False)], max_iters=40)
    trainer = Trainer(
        max_epochs=1,
        callbacks=[callback, Announcer()],
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Net())
    assert trainer.optimizers[0].param_groups[0]["lr"] == 0.4 * (1 - 4 / 40)


def test_refuses_when_there_are_two_optimizers() -> None:
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False, max_epochs=1)
    trainer.strategy.optimizers = [torch.optim.SGD([torch.zeros(1)], lr=0.1)] * 2
    with pytest.raises(ValueError, match="exactly one optimizer, got 2"):
        ParamSchedule([]).on_train_start(trainer, Net())


class Scored(Net):
    """Tells a validation score that gets no better."""

    def validation_step(self, batch: torch.Tensor, batch_idx: int) -> None:
        self.log("score", 1.0)


def fit_plateau(
    folder: Path, epochs: int, monitor: str = "score", resume: bool = False
) -> list[float]:
    """Return the rate of each epoch."""
    rule = ReduceOnPlateau(monitor, patience=1, factor=0.5)
    probe = Probe()
    saver = ModelCheckpoint(folder, save_last=True, save_on_train_epoch_end=False)
    trainer = Trainer(
        max_epochs=6,
        callbacks=[probe, ParamSchedule([rule], max_epochs=6), saver, Announcer()],
        accelerator="cpu",
        logger=False,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit_loop.max_epochs = epochs
    trainer.fit(Scored(), ckpt_path=str(folder / "last.ckpt") if resume else None)
    return [rates[0] for rates in probe.used[::EPOCH_LENGTH]]


def test_sees_the_results_of_validations(tmp_path: Path) -> None:
    assert fit_plateau(tmp_path, 6) == [0.4, 0.4, 0.4, 0.2, 0.2, 0.1]


def test_remembers_the_results_of_validations_when_resumed(tmp_path: Path) -> None:
    first = fit_plateau(tmp_path, 2)
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)["callbacks"]
    (state,) = (state for name, state in saved.items() if name.startswith("ParamSchedule"))
    assert state["schedules"] == [{"best": 1.0, "num_bad_epochs": 1, "cooldown_counter": 0}]
    assert first + fit_plateau(tmp_path, 6, resume=True) == [0.4, 0.4, 0.4, 0.2, 0.2, 0.1]


def test_names_the_metrics_when_one_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"of the validation \(score\), got 'loss'") as caught:
        fit_plateau(tmp_path, 2, monitor="loss")
    assert caught.value.path == "param_scheduler"


class OwnLrUpdaterHook(LrUpdaterHook):
    """Asks for what only a real runner knows."""

    def get_lr(self, runner: Any, base_lr: float) -> float:
        assert runner.world_size == 1
        assert runner.model.layer.weight.shape == (1, 1)
        assert len(runner.train_dataloader) == EPOCH_LENGTH
        return base_lr / (1 + runner.epoch)


def test_shows_the_runner_when_an_announcer_is_there() -> None:
    own = ParamSchedule([OwnUpdater(OwnLrUpdaterHook())])
    probe = Probe()
    trainer = Trainer(
        max_epochs=2,
        callbacks=[own, probe, Announcer()],
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(Net())
    assert [rates[0] for rates in probe.used] == [0.4] * EPOCH_LENGTH + [0.2] * EPOCH_LENGTH
    assert "OwnLrUpdaterHook" in own.state_key


def test_steps_once_per_epoch_when_an_announcer_tells(tmp_path: Path) -> None:
    schedules = SCHEDULES["mmpretrain steps"]
    probe = Probe()
    trainer = Trainer(
        max_epochs=EPOCHS,
        callbacks=[ParamSchedule(schedules), probe, Announcer()],
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(Net())
    assert probe.used == expect(schedules)


@pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`, callbacks used to create")
def test_goes_on_at_the_same_place_when_resumed_with_another_schedule(tmp_path: Path) -> None:
    train([StepPolicy(step=[1, 3])], tmp_path, stop_after=13, save="every_n_epochs")
    other: list[Schedule] = [CyclicMomentumPolicy(cyclic_times=2)]  # has no state in that file
    probe = train(other, tmp_path, resume=True, save="every_n_epochs", name="momentum")
    assert probe.used == expect(other, param_name="momentum")[2 * EPOCH_LENGTH :]


def test_blames_the_config_when_a_schedule_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="got begin=9 and end=4") as caught:
        train([MultiStepLR(milestones=[1], begin=9)], tmp_path)
    assert caught.value.next_step == "Correct the schedule; see 'mmlight lr'."


def test_costs_nothing_before_a_batch_when_no_schedule_acts_there() -> None:
    callbacks = [ParamSchedule(SCHEDULES[kind]) for kind in ("mmpretrain cosine", "mmcls step")]
    drop_idle_hooks(callbacks)
    after, before = callbacks
    assert after.on_train_batch_start is None
    assert before.on_train_batch_start is not None


def test_leaves_rates_when_validated_after_training(tmp_path: Path) -> None:
    callback = ParamSchedule([ReduceOnPlateau("score", patience=0, factor=0.5)], max_epochs=9)
    trainer = Trainer(
        max_epochs=1,
        callbacks=[callback, Announcer()],
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    net = Scored()
    trainer.fit(net)
    for _ in range(2):
        trainer.validate(net, verbose=False)
    assert callback.driver is not None
    assert callback.driver.state_dict()["schedules"][0]["num_bad_epochs"] == 0


def test_has_its_own_state_when_two_schedule_different_options() -> None:
    rate, momentum = ParamSchedule([StepPolicy(step=1)]), ParamSchedule([CyclicMomentumPolicy()])
    assert rate.state_key != momentum.state_key
    assert rate.state_dict() == {}


TWO_OF_EACH = """
momentum_config = dict(policy='cyclic')
custom_hooks = [
    dict(type='StepLrUpdaterHook', step=[1]),
    dict(type='StepMomentumUpdaterHook', step=[1]),
]
"""


def test_has_one_state_when_two_hooks_change_one_option(tmp_path: Path) -> None:
    parts = build_parts(write_config(tmp_path, LENET_OLD + TWO_OF_EACH))
    found = [c for c in parts.trainer.callbacks if isinstance(c, ParamSchedule)]  # type: ignore[attr-defined]
    kinds = [[type(schedule).__name__ for schedule in callback.schedules] for callback in found]
    assert kinds == [["StepPolicy"] * 2, ["CyclicMomentumPolicy", "StepMomentumPolicy"]]
    (announcer,) = (c for c in parts.trainer.callbacks if isinstance(c, Announcer))  # type: ignore[attr-defined]
    names = [name for name, _ in announcer.order if name.endswith("UpdaterHook")]
    assert names == [
        *["StepLrUpdaterHook"] * 2,
        *["CyclicMomentumUpdaterHook", "StepMomentumUpdaterHook"],
    ]
