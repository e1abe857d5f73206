from pathlib import Path
from typing import Any

import pytest

from mmlight.errors import ConfigError, UnsupportedValueError
from mmlight.optim.driver import simulate
from mmlight.optim.momentum_policies import CyclicMomentumPolicy
from mmlight.optim.policies import StepPolicy
from mmlight.optim.recursions import CosineAnnealingLR, LinearLR, MultiStepLR
from mmlight.optim.schedule import RunLength
from mmlight.rate_curves import Curve, RateCurves, label_curves, simulate_config
from tests.runs import LENET_NEW, LENET_OLD, write_config

BATCHES = 94
"""Batches of an epoch of the small Fashion-MNIST."""


def run(folder: Path, text: str, *overrides: str, **options: Any) -> RateCurves:
    return simulate_config(write_config(folder, text), list(overrides), **options)


def test_values_are_those_of_training_when_old(tmp_path: Path) -> None:
    found = run(tmp_path, LENET_OLD)
    policy = StepPolicy([2], warmup="linear", warmup_iters=20, warmup_ratio=0.1)
    (curve,) = found.curves
    assert (curve.name, list(curve.values)) == ("lr", simulate([policy], 0.02, 3, BATCHES))
    assert found.run == RunLength.of_epochs(3, BATCHES)
    assert found.starts() == [(0, 0), (1, 94), (2, 188)]


def test_values_are_those_of_training_when_new(tmp_path: Path) -> None:
    (curve,) = run(tmp_path, LENET_NEW, epoch_length=7).curves
    assert list(curve.values) == simulate([MultiStepLR([2])], 0.02, 3, 7)


def test_every_scheduled_option_has_a_curve_when_not_told(tmp_path: Path) -> None:
    text = LENET_OLD + "momentum_config = dict(policy='cyclic', cyclic_times=2)\n"
    rate, momentum = run(tmp_path, text, epoch_length=5).curves
    assert (rate.name, momentum.name) == ("lr", "momentum")
    ours = simulate(
        [CyclicMomentumPolicy(cyclic_times=2)], 0.02, 3, 5, param_name="momentum", momentum=0.9
    )
    assert list(momentum.values) == ours


GROUPS = """
optim_wrapper['paramwise_cfg'] = dict(
    bias_decay_mult=0., custom_keys={'conv': dict(lr_mult=0.1), '.0.': dict(lr_mult=0.1)})
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=1)]
"""


def test_groups_share_a_curve_when_their_values_are_equal(tmp_path: Path) -> None:
    found = run(tmp_path, LENET_NEW + GROUPS, epoch_length=4)
    schedules = [LinearLR(0.1, end=1, convert_to_iter_based=True), CosineAnnealingLR(begin=1)]
    expected = {rate: simulate(schedules, rate, 3, 4) for rate in (0.02, 0.002)}
    values = {max(curve.values): list(curve.values) for curve in found.curves}
    assert {round(rate, 6) for rate in values} == set(expected)
    assert values[max(values)] == pytest.approx(expected[0.02], rel=1e-12)
    assert sorted(len(curve.groups) for curve in found.curves) == [1, 2]
    (decayed,) = (curve for curve in found.curves if len(curve.groups) == 2)
    assert set(decayed.groups) == {"default", "weight_decay=0.0"}
    assert "lr of default, weight_decay=0.0" in label_curves(found.curves)
    decay = run(tmp_path, LENET_NEW + GROUPS, epoch_length=4, param="weight_decay").curves
    assert sorted({curve.values[0] for curve in decay}) == [0.0, 0.0001]


def test_batches_count_when_the_run_is_by_iteration(tmp_path: Path) -> None:
    text = LENET_NEW + "train_cfg = dict(by_epoch=False, max_iters=60)\n"
    text += "param_scheduler = dict(type='CosineAnnealingLR', by_epoch=False)\n"
    text += "optim_wrapper['accumulative_counts'] = 4\n"
    found = run(tmp_path, text)
    (curve,) = found.curves
    ours = simulate([CosineAnnealingLR(by_epoch=False)], 0.02, 1, 60, by_epoch=False)
    assert list(curve.values) == ours
    assert [batch for _, batch in found.starts()] == list(range(0, 60, 3))


def test_epochs_are_shorter_when_several_processes_share_the_data(tmp_path: Path) -> None:
    assert run(tmp_path, LENET_NEW, processes=4).run.epoch_length == 24
    assert run(tmp_path, LENET_NEW, dataset_size=640).run.epoch_length == 10


SCALED = "auto_scale_lr = dict(enable=True, base_batch_size=256)\n"


def test_rate_is_scaled_when_the_config_asks(tmp_path: Path) -> None:
    (curve,) = run(tmp_path, LENET_NEW + SCALED, epoch_length=1, processes=2).curves
    assert curve.values[0] == 0.02 * 128 / 256


def test_unseen_is_told_when_results_decide(tmp_path: Path) -> None:
    rule = "param_scheduler = dict(type='ReduceOnPlateauLR', monitor='accuracy/top1')\n"
    found = run(tmp_path, LENET_NEW + rule, epoch_length=2)
    (note,) = found.notes
    assert note.startswith("ReduceOnPlateau waits for accuracy/top1 of the validation")


def test_length_is_asked_for_when_there_are_no_data(tmp_path: Path) -> None:
    missing = "train_dataloader['dataset']['data_root'] = '/no/where'\n"
    with pytest.raises(ConfigError, match="--epoch-length: the training data cannot be read") as e:
        run(tmp_path, LENET_NEW + missing)
    assert e.value.next_step == "Say how many batches an epoch has: --epoch-length N."
    assert len(run(tmp_path, LENET_NEW + missing, epoch_length=2).curves[0].values) == 6
    with pytest.raises(ConfigError, match="the config describes no training data"):
        run(tmp_path, LENET_NEW + "train_dataloader = None\n")


def test_length_is_asked_for_when_a_run_by_iteration_needs_it(tmp_path: Path) -> None:
    text = LENET_NEW + "train_cfg = dict(by_epoch=False, max_iters=60)\n"
    text += "train_dataloader['dataset']['data_root'] = '/no/where'\n"
    text += "param_scheduler = dict(type='LinearLR', end=3, convert_to_iter_based=True)\n"
    with pytest.raises(UnsupportedValueError, match="when epochs have no known length") as caught:
        run(tmp_path, text)
    assert caught.value.path == "param_scheduler.convert_to_iter_based"
    assert caught.value.next_step.endswith("--epoch-length N.")
    assert len(run(tmp_path, text, epoch_length=5).curves[0].values) == 60


def test_schedule_is_named_when_it_does_not_fit_the_run(tmp_path: Path) -> None:
    rule = "param_scheduler = [dict(type='ExponentialLR', gamma=0.5, begin=2, end=1)]\n"
    with pytest.raises(UnsupportedValueError, match="got begin=2 and end=1") as caught:
        run(tmp_path, LENET_NEW + rule, epoch_length=2)
    assert caught.value.path == "param_scheduler[0].end"


@pytest.mark.parametrize(
    ("rule", "key", "problem"),
    [
        (
            "type='StepParamScheduler', param_name='momentun', step_size=1",
            "param_name",
            "got 'momentun'; it has dampening, .*, maximize, momentum, nesterov, weight_decay",
        ),
        ("type='OneCycleLR', eta_max=[0.1, 0.2]", "eta_max", "each of the 1 parameter groups"),
    ],
)
def test_schedule_is_named_when_it_does_not_fit_the_optimizer(
    rule: str, key: str, problem: str, tmp_path: Path
) -> None:
    text = f"param_scheduler = [dict(type='ConstantLR'), dict({rule})]\n"
    with pytest.raises(UnsupportedValueError, match=problem) as caught:
        run(tmp_path, LENET_NEW + text, epoch_length=2)
    assert caught.value.path == f"param_scheduler[1].{key}"


def test_option_is_refused_when_the_optimizer_has_no_such(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no option 'momentun'") as caught:
        run(tmp_path, LENET_NEW, epoch_length=2, param="momentun")
    assert caught.value.nearest == "momentum"


def test_optimizer_is_asked_for_when_there_is_none(tmp_path: Path) -> None:
    text = LENET_NEW + "optim_wrapper = None\n"
    with pytest.raises(ConfigError, match="describes no optimizer"):
        run(tmp_path, text, epoch_length=2)


def test_label_counts_the_others_when_there_are_many_groups() -> None:
    curves = [Curve("lr", ("a", "b", "c"), [1.0]), Curve("lr", ("d",), [2.0])]
    assert label_curves(curves) == ["lr of a, b and 1 more", "lr of d"]
