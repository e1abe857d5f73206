"""Translates the arguments of `EMAHook`: which average is kept, and where it is used.

To add an average: 1. derive from `BaseAveragedModel` in mmlight/compat/averaged_model.py; 2. add a
row here; 3. compare it in tests/reference/test_ema.py.
"""

from typing import Any, Final

from mmlight.read.node import ConfigDict
from mmlight.registry import MODELS
from mmlight.spec import Call
from mmlight.translate.section import Section
from mmlight.translate.table import Row, Table

_AVERAGES: Final = "mmlight.compat.averaged_model"
_DEFAULT: Final = "ExponentialMovingAverage"
RESUMED: Final = "Resuming takes the average from the checkpoint, all of it."
ONE_PLACE: Final = "how the weights are averaged"
AVERAGE_ROWS: Final = (
    Row("ExponentialMovingAverage", f"{_AVERAGES}.ExponentialMovingAverage"),
    Row("MomentumAnnealingEMA", f"{_AVERAGES}.MomentumAnnealingEMA"),
    Row("StochasticWeightAverage", f"{_AVERAGES}.StochasticWeightAverage"),
    Row("CosineEMA", f"{_AVERAGES}.CosineEMA", scopes=("mmpretrain",)),
    Row("ExpMomentumEMA", f"{_AVERAGES}.ExpMomentumEMA", scopes=("mmdet",)),
)
AVERAGE_TABLE: Final = Table(
    "average of weights",
    AVERAGE_ROWS,
    MODELS,
    file="mmlight/translate/averages.py",
    scopes=("mmengine",),
)


def translate_ema(section: Section, generation: str) -> list[Call]:
    """Return the callback; the upgrade writes `warm_up` for the hook of 0.x.

    From: mmcv 1.7, mmengine 0.10 and mmpretrain 1.2 `EMAHook`.
    """
    section.take("type")
    section.ignore(RESUMED, "strict_load")
    names = ("begin_iter", "begin_epoch", "evaluate_on_ema", "evaluate_on_origin")
    kwargs = {name: section.node[name] for name in names if section.take(name) is not None}
    kind = section.take("ema_type", _DEFAULT, to=ONE_PLACE)
    average = _translate_average(section, kind)
    if average is None:
        return []
    if generation == "0.x":
        kwargs["generation"] = generation
    target = f"{_AVERAGES}.WarmUpEMA" if generation == "0.x" else average.target
    kwargs |= {"averaging": target, "options": dict(average.kwargs)}
    return [section.call("mmlight.callbacks.EMA", kwargs)]


def _translate_average(section: Section, kind: Any) -> Call | None:
    """Translate what is left of the hook, the average's own arguments."""
    node = ConfigDict()
    node.put("type", kind, section.origin_of("ema_type"))
    for key in section.leftover:
        value = section.take(key, to=ONE_PLACE)
        node.put(key, value, section.origin_of(key))
    return AVERAGE_TABLE.translate(Section(node, section.path, section.report))
