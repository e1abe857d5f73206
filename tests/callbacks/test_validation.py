"""Validation runs, and training ends, exactly when the config says."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.callbacks.validation import Validation, count_all_batches
from mmlight.cli import main
from tests.callbacks.nets import BATCHES, Net, Probe, build_data, build_trainer
from tests.runs import LENET_NEW, write_config


def fit(validation: Validation, endless: bool = False, **options: Any) -> tuple[Net, Probe]:
    net, probe = Net(), Probe()
    build_trainer(validation, probe, **options).fit(net, build_data(endless))
    return net, probe


@pytest.mark.parametrize(
    ("rule", "epochs"),
    [
        ({"interval": 1}, [1, 2, 3, 4, 5]),
        ({"interval": 2}, [2, 4, 5]),
        ({"interval": 2, "at_end": False}, [2, 4]),
        ({"interval": 2, "begin": 3}, [4, 5]),
        ({"interval": 3, "begin": 2, "offset": 2, "at_end": False}, [2, 5]),
        ({"interval": 9, "at_end": False}, []),
    ],
)
def test_validates_the_epochs_of_the_rule_when_run(rule: dict[str, Any], epochs: list[int]) -> None:
    net, probe = fit(Validation(**rule, last=5), max_epochs=5)
    assert [epoch for epoch, _ in net.validated] == epochs
    assert probe.batches == 5 * BATCHES


@pytest.mark.parametrize("endless", [False, True])
@pytest.mark.parametrize("accumulate", [1, 2, 3])
@pytest.mark.parametrize(
    ("rule", "iterations"),
    [
        ({"interval": 4}, [4, 8, 11]),
        ({"interval": 4, "at_end": False}, [4, 8]),
        ({"interval": 3, "begin": 5}, [6, 9, 11]),
        ({"interval": 3, "begin": 5, "offset": 5, "at_end": False}, [5, 8, 11]),
        ({"interval": 1000}, [11]),
        ({"interval": 1000, "at_end": False}, []),
    ],
)
def test_validates_and_ends_at_batches_when_iterations_count(
    rule: dict[str, Any], iterations: list[int], accumulate: int, endless: bool
) -> None:
    validation = Validation(**rule, by_epoch=False, last=11)
    net, probe = fit(validation, endless, max_iters=11, accumulate_grad_batches=accumulate)
    assert [iteration for _, iteration in net.validated] == iterations
    assert probe.batches == 11


@pytest.mark.parametrize(
    ("rule", "epochs"),
    [
        ({"begin": 1, "offset": 0, "at_start": True}, [0, 1, 2, 3]),
        ({"interval": 2, "offset": 0, "at_start": True}, [2]),
        ({"begin": 2, "offset": 2, "at_start": True}, [2, 3]),
        ({"interval": 3, "changes": [(2, 1)]}, [1, 2, 3]),
        ({"interval": 1, "changes": [(3, 2)], "at_end": False}, [1, 2]),
    ],
)
def test_validates_first_or_in_changing_intervals_when_asked(
    rule: dict[str, Any], epochs: list[int]
) -> None:
    net, _ = fit(Validation(**{"at_end": False, **rule}, last=3), max_epochs=3)
    done = [iteration // BATCHES for _, iteration in net.validated]
    assert done == epochs


def test_flags_win_when_given() -> None:
    net, probe = fit(Validation(1, last=4), max_epochs=4, check_val_every_n_epoch=3)
    assert [epoch for epoch, _ in net.validated] == [3]
    net, probe = fit(Validation(5, by_epoch=False, last=8), True, max_iters=8, val_check_interval=3)
    assert [iteration for _, iteration in net.validated] == [3, 6]
    assert probe.batches == 8


@pytest.mark.parametrize(("steps", "accumulate", "batches"), [(5, 1, 5), (6, 2, 12), (20, 1, 20)])
def test_max_steps_wins_when_given(steps: int, accumulate: int, batches: int) -> None:
    validation = Validation(5, by_epoch=False, last=8)
    flags = {"max_iters": steps, "accumulate_grad_batches": accumulate}
    net, probe = fit(validation, True, **flags)
    assert probe.batches == batches
    assert net.validated[-1][1] == batches


def test_validates_by_the_rule_when_resumed_inside_an_epoch(tmp_path: Any) -> None:
    path = tmp_path / "a.ckpt"

    def save(trainer: Any, _: Any) -> None:
        if trainer.fit_loop.total_batch_idx + 1 == 6:
            trainer.save_checkpoint(path)

    validation = Validation(3, at_end=False)
    build_trainer(validation, Probe(save), max_epochs=3).fit(Net(), build_data())
    net = Net()
    trainer = build_trainer(Validation(3, at_end=False), max_epochs=4)
    trainer.fit(net, build_data(), ckpt_path=path, weights_only=True)
    assert [epoch for epoch, _ in net.validated] == [3]


@pytest.mark.parametrize("saved", [4, 6, 8])
def test_validates_by_the_rule_when_resumed_by_iteration(tmp_path: Any, saved: int) -> None:
    path = tmp_path / "a.ckpt"

    def save(trainer: Any, _: Any) -> None:
        if trainer.fit_loop.total_batch_idx + 1 == saved:
            trainer.save_checkpoint(path)

    options = {"by_epoch": False, "last": 10}
    build_trainer(Validation(3, **options), Probe(save), max_iters=10).fit(Net(), build_data())
    net, probe = Net(), Probe()
    trainer = build_trainer(Validation(3, **options), probe, max_iters=10)
    trainer.fit(net, build_data(), ckpt_path=path, weights_only=True)
    done = [n for n in (3, 6, 9, 10) if n > saved]
    assert [iteration for _, iteration in net.validated] == done
    assert probe.batches == 10 - saved


def test_the_trainer_is_as_before_when_training_ends() -> None:
    trainer = build_trainer(Validation(3, by_epoch=False, last=5, at_end=False), max_iters=5)
    trainer.fit(Net(), build_data())
    assert (trainer.check_val_every_n_epoch, trainer.val_check_interval) == (None, 1)
    net = Net()
    trainer.validate(net, build_data(), verbose=False)
    assert len(net.seen) == 1


@pytest.mark.parametrize(
    ("options", "batches"),
    [
        ({"max_epochs": 3}, 3 * BATCHES),
        ({"max_iters": 7}, 7),
        ({"max_iters": 7, "accumulate_grad_batches": 2}, 7),
    ],
)
def test_counts_all_batches_when_asked(options: dict[str, Any], batches: int) -> None:
    counted = []
    probe = Probe(lambda trainer, _: counted.append(count_all_batches(trainer)))
    validation = Validation(100, by_epoch="max_epochs" in options, last=7)
    build_trainer(validation, probe, **options).fit(Net(), build_data())
    assert set(counted) == {batches}


def test_counts_no_batches_when_training_has_no_end() -> None:
    counted = []
    probe = Probe(lambda trainer, _: counted.append(count_all_batches(trainer)))

    def stop(trainer: Any, _: Any) -> None:
        trainer.should_stop = True

    trainer = build_trainer(probe, Probe(stop), max_epochs=-1, limit_val_batches=0)
    trainer.fit(Net(), build_data(endless=True))
    assert counted == [None]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"interval": 0}, "interval must be 1 or more, got 0"),
        ({"interval": "2"}, "interval must be 1 or more, got '2'"),
        ({"offset": -1}, "offset must be 0 or more, got -1"),
        ({"changes": [(2, 1), (3, 0)]}, r"changes must be pairs .* 1 or more, got \(3, 0\)"),
        ({"changes": [5]}, "changes must be pairs of an epoch .* got 5"),
        ({"changes": 4}, "changes must be pairs of an epoch .* got 4"),
    ],
)
def test_raises_when_a_number_cannot_be_counted_by(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Validation(**options)


@pytest.mark.parametrize("sampler", ["InfiniteSampler", "DefaultSampler"])
def test_counts_batches_when_the_command_line_accumulates(tmp_path: Path, sampler: str) -> None:
    text = LENET_NEW.replace("type='DefaultSampler', shuffle=True", f"type='{sampler}'")
    text += (
        "\ntrain_cfg = dict(by_epoch=False, max_iters=9, val_interval=4)"
        "\ndefault_hooks['checkpoint'].update(by_epoch=False, interval=3, save_best='auto')"
    )
    config = write_config(tmp_path, text)
    flags = {"accelerator": "cpu", "accumulate_grad_batches": "2", "limit_val_batches": "2"}
    words = ["fit", "--config", str(config), "--work-dir", str(tmp_path / "work")]
    assert main([*words, *(f"--trainer.{name}={value}" for name, value in flags.items())]) == 0
    (log,) = (tmp_path / "work").rglob("scalars.json")
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["iter"] for row in rows if "lr" in row] == list(range(1, 10))
    results = [place for place, row in enumerate(rows) if "accuracy/top1" in row]
    assert results == [4, 9, 11]  # after iterations 4, 8 and 9
    names = {path.name for path in (tmp_path / "work").glob("*.ckpt")}
    due = {"iter_3.ckpt", "iter_6.ckpt", "iter_9.ckpt", "last.ckpt"}
    others = {name for name in names - due if "best" not in name}
    # mmengine saves the newest again when a validation finds a better one
    assert due <= names
    assert others <= {"iter_4.ckpt", "iter_8.ckpt"}
    assert len([name for name in names if name.startswith("best_accuracy_top1_iter_")]) == 1
    state = torch.load(tmp_path / "work" / "iter_9.ckpt", weights_only=True)
    assert state["global_step"] == 4  # optimizer steps
