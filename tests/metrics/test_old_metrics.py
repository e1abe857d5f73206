import pytest

from mmlight.errors import MMLightError
from mmlight.metrics.old_metrics import build_metrics


def test_metrics_report_under_old_names():
    assert [m.names for m in build_metrics(None, {"topk": 1}, several=False)] == [["accuracy"]]
    assert [m.names for m in build_metrics(["OP", "mAP"], None, several=True)] == [["mAP"], ["OP"]]


def test_raises_when_an_option_is_unknown():
    with pytest.raises(MMLightError, match="beta"):
        build_metrics("accuracy", {"beta": 1}, several=False)
