import math
from pathlib import Path
from typing import Any

import pytest

from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.callbacks.early_stopping import EarlyStopping
from mmlight.callbacks.validation import Validation
from tests.callbacks.nets import Net, build_data, build_trainer

SCORES = [0.1, 0.5, 0.4, 0.45, 0.3, 0.2, 0.9]


def fit(*callbacks: Any, scores: list[float] = SCORES, path: Any = None, **flags: Any) -> Net:
    net = Net(scores)
    by_epoch = "max_iters" not in flags
    flags = flags if flags else {"max_epochs": 7}
    interval = 1 if by_epoch else 2
    rule = Validation(interval, by_epoch=by_epoch, last=flags.get("max_iters"))
    trainer = build_trainer(rule, *callbacks, **flags)
    trainer.fit(net, build_data(), ckpt_path=path, weights_only=True)
    return net


@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ({"patience": 2, "min_delta": 0.0}, 4),
        ({"patience": 3, "min_delta": 0.0}, 5),
        ({"patience": 2, "min_delta": 0.45}, 3),
        ({"stopping_threshold": 0.45}, 2),
        ({"patience": 9}, 7),
    ],
    ids=str,
)
def test_training_ends_with_the_epoch_when_a_metric_stops_improving(
    options: dict[str, Any], epochs: int
) -> None:
    stopper = EarlyStopping("acc/top1", **options)
    assert fit(stopper).validated[-1] == (epochs, 4 * epochs)
    less = EarlyStopping(
        "val_loss",
        **(
            {**options, "stopping_threshold": -0.45} if "stopping_threshold" in options else options
        ),
    )
    assert fit(less).validated[-1] == (epochs, 4 * epochs)


def test_training_ends_with_the_iteration_when_these_are_counted() -> None:
    stopper = EarlyStopping("acc/top1", patience=2, min_delta=0.0)
    assert fit(stopper, max_iters=14).validated[-1] == (2, 8)
    assert stopper.wait_count == 2


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_training_ends_when_a_value_is_not_finite(value: float) -> None:
    scores = [0.1, value, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert len(fit(EarlyStopping("acc/top1"), scores=scores).validated) == 2
    patient = EarlyStopping("acc/top1", check_finite=False, patience=9)
    assert len(fit(patient, scores=scores).validated) == 7


def test_count_goes_on_when_resumed(tmp_path: Path) -> None:
    def make() -> EarlyStopping:
        return EarlyStopping("acc/top1", patience=3, min_delta=0.0)

    fit(make(), Checkpoint(str(tmp_path)))
    stopper = make()
    path, other_place = tmp_path / "epoch_4.ckpt", Checkpoint(str(tmp_path / "other"))
    net = fit(stopper, other_place, path=path, scores=[0.3, 0.2])
    assert [epoch for epoch, _ in net.validated] == [5]
    assert (stopper.wait_count, float(stopper.best_score)) == (3, pytest.approx(0.5))
    other = EarlyStopping("acc/top1", patience=5, min_delta=0.0)
    net = fit(other, other_place, path=path, scores=[0.3, 0.2, 0.1])
    assert [epoch for epoch, _ in net.validated] == [5, 6, 7]
    assert other.patience == 5


def test_missing_metric_is_told_when_not_strict(caplog: pytest.LogCaptureFixture) -> None:
    assert len(fit(EarlyStopping("accuracy")).validated) == 7
    assert "the metric 'accuracy'; there are: acc/top1, val_loss" in caplog.text
    with pytest.raises(RuntimeError, match="the metric 'accuracy'; there are: acc/top1, val_loss"):
        fit(EarlyStopping("accuracy", strict=True))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"monitor": "acc", "rule": "more"}, "rule must be 'greater' or 'less', got 'more'"),
        ({"monitor": "auto"}, "rule must be given, for the name 'auto'"),
        ({"monitor": "speed"}, "rule must be given, for the name 'speed'"),
    ],
)
def test_raises_when_an_argument_is_wrong(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        EarlyStopping(**options)


def test_rule_is_told_by_the_name_when_not_given() -> None:
    names = ["coco/bbox_mAP", "mIoU", "AR@100", "loss", "val_loss", "acc_loss"]
    assert [EarlyStopping(name).rule for name in names] == [
        *["greater"] * 3,
        *["less"] * 2,
        "greater",
    ]
