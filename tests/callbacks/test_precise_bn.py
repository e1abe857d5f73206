from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.callbacks.precise_bn import PreciseBN
from mmlight.models.batch_augments import Mixup, RandomBatchAugment
from tests.callbacks.nets import Probe, build_data, build_trainer
from tests.callbacks.piped import HeadNet, assert_resumed, build_piped, fit_piped

PERSISTENT = {"num_workers": 2, "persistent_workers": True}


def note_statistics(found: list[Any]) -> Probe:
    def note(trainer: Any, net: Any) -> None:
        norm = net.net[2]
        values = (norm.running_mean, norm.running_var, torch.tensor(norm.momentum))
        found.append([value.clone() for value in values])

    return Probe(note, "after_train_epoch")


def compute(net: Any, batches: list[Any]) -> tuple[Any, Any]:
    """Return the means of the statistics of batches, as the paper says."""
    layers = net.net[:2]
    outputs = [layers(batch) for batch in batches]
    means = torch.stack([output.mean(0) for output in outputs]).mean(0)
    variances = torch.stack([output.var(0, unbiased=True) for output in outputs]).mean(0)
    return means, variances


@pytest.mark.parametrize(("num_samples", "count"), [(3, 1), (8, 2), (12, 4), (8192, 4)])
def test_statistics_are_those_of_the_first_batches(num_samples: int, count: int) -> None:
    found: list[Any] = []
    seen: list[Any] = []

    def check(trainer: Any, net: Any) -> None:
        batches = [batch["inputs"] for batch in trainer.train_dataloader][:count]
        with torch.no_grad():
            seen.append(compute(net, batches))

    precise = PreciseBN(num_samples)
    callbacks = (precise, note_statistics(found), Probe(check, "after_train_epoch"))
    build_trainer(*callbacks, max_epochs=2).fit(HeadNet(), build_data())
    for (mean, variance, momentum), (expected_mean, expected_variance) in zip(
        found, seen, strict=True
    ):
        torch.testing.assert_close(mean, expected_mean, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(variance, expected_variance, rtol=1e-5, atol=1e-6)
        assert float(momentum) == pytest.approx(0.1)


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_batches_are_mixed_when_old(generation: Any) -> None:
    augmented: list[int] = []

    class Count(Mixup):
        def draw_ratio(self) -> float:
            augmented.append(1)
            return super().draw_ratio()

    net = HeadNet()
    net.batch_augments = RandomBatchAugment([Count(0.5)], num_classes=3)
    precise = PreciseBN(9, generation=generation)
    build_trainer(precise, max_epochs=1).fit(net, build_piped())
    assert len(augmented) == 4 + 3 * (generation == "0.x")


@pytest.mark.parametrize(("interval", "times"), [(1, [1, 2, 3]), (2, [2]), (3, [3]), (4, [])])
def test_epochs_are_counted_by_the_interval(
    interval: int, times: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []

    def note(self: Any, trainer: Any, net: Any, loader: Any) -> None:
        done.append(trainer.current_epoch + 1)

    monkeypatch.setattr(PreciseBN, "_compute", note)
    build_trainer(PreciseBN(interval=interval), max_epochs=3).fit(HeadNet(), build_data())
    assert done == times


def test_iterations_are_counted_when_training_counts_them() -> None:
    found: list[int] = []

    class Noting(PreciseBN):
        def _compute(self, trainer: Any, pl_module: Any, loader: Any) -> None:
            before = pl_module.net[2].running_mean.clone()
            super()._compute(trainer, pl_module, loader)
            assert not torch.equal(before, pl_module.net[2].running_mean)
            found.append(trainer.fit_loop.total_batch_idx + 1)

    for endless in (True, False):
        build_trainer(Noting(8, interval=3), max_iters=8).fit(HeadNet(), build_data(endless))
    assert found == [3, 6, 3, 6]


@pytest.mark.parametrize("workers", [{}, PERSISTENT], ids=str)
@pytest.mark.parametrize("done", [3, 8])  # 8 is the end of an epoch
def test_run_goes_on_to_the_bit_when_resumed(
    tmp_path: Path, done: int, workers: dict[str, Any]
) -> None:
    by_epoch, name = done % 4 == 0, f"iter_{done}" if done % 4 else f"epoch_{done // 4}"
    whole = fit_piped(tmp_path / "whole", PreciseBN(8), by_epoch=by_epoch, **workers)
    path = tmp_path / "whole" / f"{name}.ckpt"
    rest = fit_piped(tmp_path / "rest", PreciseBN(8), path=path, by_epoch=by_epoch, **workers)
    assert_resumed(rest, whole, done)


def test_layers_in_evaluation_mode_stay(caplog: pytest.LogCaptureFixture) -> None:
    class Frozen(HeadNet):
        def train(self, mode: bool = True) -> "Frozen":
            super().train(mode)
            self.net[2].eval()
            return self

    net = Frozen().train()
    before = net.net[2].running_mean.clone()
    build_trainer(PreciseBN(8), max_epochs=1).fit(net, build_data())
    assert torch.equal(before, net.net[2].running_mean)
    assert "no batch norm is being trained" in caplog.text


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"num_samples": 0}, "num_samples must be 1 or more, got 0"),
        ({"interval": 0}, "interval must be 1 or more, got 0"),
    ],
)
def test_raises_when_an_argument_is_wrong(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        PreciseBN(**options)


def test_raises_when_samples_make_no_batch() -> None:
    trainer = build_trainer(PreciseBN(2), max_epochs=1)
    with pytest.raises(ValueError, match=r"num_samples must be 3 or more, .* got 2"):
        trainer.fit(HeadNet(), build_data())
