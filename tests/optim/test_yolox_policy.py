import pytest

from mmlight.optim.driver import simulate
from mmlight.optim.schedule import RunLength
from mmlight.optim.yolox_policy import YOLOXPolicy


def test_stays_at_its_target_when_the_last_epochs_begin() -> None:
    policy = YOLOXPolicy(3, min_lr_ratio=0.05, by_epoch=False)
    rates = simulate([policy], 2.0, 10, 4)
    assert rates[-13:] == [0.1] * 13
    assert rates[-14] > 0.1


def test_rises_along_a_parabola_when_warming_up() -> None:
    policy = YOLOXPolicy(
        1, 0.0, by_epoch=False, warmup="exp", warmup_iters=2, warmup_ratio=1, warmup_by_epoch=True
    )
    rates = simulate([policy], 1.0, 10, 5)
    assert rates[:10] == pytest.approx([((at + 1) / 10) ** 2 for at in range(10)])
    assert rates[10] == max(rates[10:])


def test_refuses_when_epochs_have_no_length() -> None:
    policy = YOLOXPolicy(15, 0.0, by_epoch=False)
    with pytest.raises(ValueError, match=r"num_last_epochs must be 0 .* got 15"):
        policy.bind(RunLength.of_iterations(100))
    assert YOLOXPolicy(0, 0.0, by_epoch=False).bind(RunLength.of_iterations(100)).last_iters == 0
