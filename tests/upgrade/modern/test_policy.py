import pytest

from mmlight.read.node import ConfigDict
from mmlight.upgrade.modern.policy import BY_EPOCH, BY_ITERATION, CONVERTED, Policy, Run, Warmup


def policy(run=Run(by_epoch=True, length=10, base=0.1), **words):  # noqa: B008 - it is frozen
    return Policy(ConfigDict(words), "LR", run, "lr_config", [], None)


ITERATIONS = Run(by_epoch=False, length=100, base=0.1)


@pytest.mark.parametrize(
    ("given", "unit"),
    [
        (policy(), BY_EPOCH),
        (policy(by_epoch=True), BY_EPOCH),
        (policy(by_epoch=False), CONVERTED),
        (policy(ITERATIONS, by_epoch=False), BY_ITERATION),
    ],
)
def test_unit_is_that_of_the_run_when_curve_fills_it(given, unit):
    assert given.take_unit() is unit
    assert not given.words


def test_scheduler_has_the_suffix_of_its_kind_when_made():
    assert policy().make("Linear", end=3, begin=None) == dict(type="LinearLR", end=3)


def write(**words):
    words = {"warmup_iters": 5, "warmup_ratio": 0.25, **words}
    given = policy(**words)
    return Warmup.take(given).write(given), given.notes


def test_nothing_is_written_when_no_warmup():
    assert write() == ([], [])
    assert write(warmup="linear", warmup_iters=0) == ([], [])


@pytest.mark.parametrize("by_epoch", [True, False])
def test_warmup_is_linear_when_linear(by_epoch):
    made, notes = write(warmup="linear", warmup_by_epoch=by_epoch)
    unit = CONVERTED if by_epoch else BY_ITERATION
    assert made == [dict(type="LinearLR", start_factor=0.25, **unit, begin=0, end=5)]
    assert len(notes) == 1


def test_warmup_is_constant_when_constant():
    made, _ = write(warmup="constant", warmup_ratio=None)
    assert made == [dict(type="ConstantLR", factor=0.1, **BY_ITERATION, begin=0, end=5)]


def test_warmup_is_a_product_when_exponential():
    (constant, growing), notes = write(warmup="exp")
    assert constant == dict(type="ConstantLR", factor=0.25, by_epoch=True, end=11)
    assert growing["gamma"] ** 5 == pytest.approx(4)
    assert not notes


def test_warmup_is_none_when_mmengine_cannot():
    assert write(warmup="exp", warmup_by_epoch=True)[0] is None
    assert write(warmup="mine")[0] is None
