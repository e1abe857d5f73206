from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmlight.analysis import Analysis
from mmlight.build import instantiate
from mmlight.callbacks.best_scores import choose_rules
from mmlight.compat import evaluation
from mmlight.metrics.accuracy import Accuracy
from mmlight.metrics.average_precision import AveragePrecision, VOCAveragePrecision
from mmlight.metrics.confusion_matrix import ConfusionMatrix
from mmlight.metrics.evaluator import Evaluator
from mmlight.metrics.multi_label import MultiLabelMetric, VOCMultiLabelMetric
from mmlight.metrics.old_metrics import build_metrics
from mmlight.metrics.single_label import SingleLabelMetric
from mmlight.read.node import to_nodes, to_plain
from mmlight.translate.metrics import METRIC_TABLE
from mmlight.upgrade.metrics import SINGLE_LABEL, write_evaluators

THRS_1X = [0.0, None, 0.3, (0.0, 0.1, None), [0.5]]
THRS_0X = [None, 0.0, 0.3, (0.0, 0.1, 0.5), (0.2,)]
ITEMS = ("precision", "recall", "f1-score", "support")
SEVERAL = ["mAP", "CP", "OP", "CR", "OR", "CF1", "OF1"]
KINDS = ["plain", "ties", "rare", "certain", "unsure"]
"""Scores without ties; few different scores; classes that nobody has and that are never found;
scores of 0 and 1; scores that pass no threshold."""


def make_scores(kind, count=151, classes=7):
    generator = torch.Generator().manual_seed(len(kind))
    logits = torch.randn(count, classes, generator=generator)
    if kind == "ties":
        return (logits.sigmoid() * 4).round() / 4
    if kind == "rare":
        logits[:, :3] -= 20
    if kind == "certain":
        return (logits > 0.5).float()
    return logits.sigmoid() / (1000 if kind == "unsure" else 1)


def make_labels(kind, count=151, classes=7):
    generator = torch.Generator().manual_seed(len(kind) + 100)
    return torch.randint(2 if kind == "rare" else 0, classes, (count,), generator=generator)


def make_presence(kind, count=151, classes=7, difficult=False):
    """Return 1, 0 and, where asked for, -1; some samples have no label, the last class none."""
    generator = torch.Generator().manual_seed(len(kind) + 200)
    values = torch.randint(-1 if difficult else 0, 2, (count, classes), generator=generator)
    values[: count // 10] = 0
    if kind == "rare":
        values[:, -1] = 0
    return values


def ours(metrics, scores, target, metas=None, parts=()):
    evaluator = Evaluator(metrics if isinstance(metrics, list) else [metrics])
    if parts:
        joined = SimpleNamespace(datasets=[range(count) for count in parts])
        evaluator.attach(SimpleNamespace(dataset=joined))
    for start in range(0, len(scores), 64):
        part = slice(start, start + 64)
        batch = {"target": target[part], **({"metas": metas[part]} if metas else {})}
        evaluator.update(scores[part], batch)
    return {
        name: value.tolist() if isinstance(value, torch.Tensor) else value
        for name, value in evaluator.compute().items()
    }


def assert_same(own, theirs, tolerance=1e-6):
    assert list(own) == list(theirs)
    for name, value in theirs.items():
        np.testing.assert_allclose(own[name], value, rtol=tolerance, atol=0, err_msg=name)


# -------------------------------------------------------------------------- mmpretrain 1.2


def theirs_1x(kind, options, scores, fields):
    from mmengine.evaluator import Evaluator
    from mmpretrain.registry import METRICS
    from mmpretrain.structures import DataSample

    samples = []
    for score, field in zip(scores, fields, strict=True):
        sample = DataSample().set_pred_score(score)
        if "gt_label" in field:
            sample.set_gt_label(field["gt_label"])
        if "gt_score" in field:
            sample.set_gt_score(field["gt_score"])
        sample.set_metainfo({k: v for k, v in field.items() if k == "gt_label_difficult"})
        samples.append(sample)
    configs = [{"type": kind, **one} for one in options]
    evaluator = Evaluator(metrics=[METRICS.build(config) for config in configs])
    for start in range(0, len(samples), 50):
        evaluator.process(samples[start : start + 50])
    found = evaluator.evaluate(len(samples))
    return {k: v.tolist() if hasattr(v, "tolist") else v for k, v in found.items()}


@pytest.mark.parametrize("topk", [1, (1,), (1, 5), [2, 3]])
@pytest.mark.parametrize("thrs", THRS_1X)
def test_accuracy_equals_mmpretrain(mmpretrain, topk, thrs):
    for kind in KINDS:
        scores, target = make_scores(kind), make_labels(kind)
        fields = [{"gt_label": int(label)} for label in target]
        theirs = mmpretrain(theirs_1x, "Accuracy", [{"topk": topk, "thrs": thrs}], scores, fields)
        assert_same(ours(Accuracy(topk=topk, thrs=thrs), scores, target), theirs, 0)


@pytest.mark.parametrize("average", ["macro", "micro", None])
@pytest.mark.parametrize("thrs", [*THRS_1X, 0.9999])
def test_single_label_metric_equals_mmpretrain(mmpretrain, average, thrs):
    options = {"items": ITEMS[::-1], "average": average, "thrs": thrs}
    for kind in KINDS:
        scores, target = make_scores(kind), make_labels(kind)
        fields = [{"gt_label": int(label)} for label in target]
        theirs = mmpretrain(theirs_1x, "SingleLabelMetric", [options], scores, fields)
        assert_same(ours(SingleLabelMetric(**options), scores, target), theirs, 0)


def test_prefix_and_several_metrics_equal_mmpretrain(mmpretrain):
    scores, target = make_scores("plain"), make_labels("plain")
    fields = [{"gt_label": int(label)} for label in target]
    options = [{"items": ["recall"]}, {"items": ["recall"], "prefix": "other"}]
    theirs = mmpretrain(theirs_1x, "SingleLabelMetric", options, scores, fields)
    assert_same(ours([SingleLabelMetric(**one) for one in options], scores, target), theirs, 0)


def test_confusion_matrix_equals_mmpretrain(mmpretrain):
    for kind in KINDS:
        scores, target = make_scores(kind), make_labels(kind)
        fields = [{"gt_label": int(label)} for label in target]
        theirs = mmpretrain(theirs_1x, "ConfusionMatrix", [{}], scores, fields)
        assert ours(ConfusionMatrix(), scores, target) == theirs
        found = scores.argmax(1)
        labels = zip(target.tolist(), found.tolist(), strict=True)
        rows = [{"gt_label": true, "pred_label": label} for true, label in labels]
        matrix = Analysis(rows, range(7)).confusion_matrix()
        assert matrix.tolist() == theirs["confusion_matrix/result"]


@pytest.mark.parametrize("average", ["macro", "micro", None])
@pytest.mark.parametrize(
    "options", [{}, {"thr": 0.25}, {"thr": 0.99}, {"topk": 1}, {"topk": 7}, {"thr": 0.5, "topk": 2}]
)
def test_multi_label_metric_equals_mmpretrain(mmpretrain, average, options):
    options = {"items": ITEMS, "average": average, **options}
    for kind in KINDS:
        for difficult in (False, True):
            scores, target = make_scores(kind), make_presence(kind, difficult=difficult)
            fields = [{"gt_score": row} for row in target]
            theirs = mmpretrain(theirs_1x, "MultiLabelMetric", [options], scores, fields)
            assert_same(ours(MultiLabelMetric(**options), scores, target), theirs, 0)


def test_threshold_of_zero_has_the_name_that_mmpretrain_gives_it(mmpretrain):
    scores, target = make_scores("plain"), make_presence("plain")
    fields = [{"gt_score": row} for row in target]
    theirs = mmpretrain(theirs_1x, "MultiLabelMetric", [{"thr": 0.0}], scores, fields)
    assert_same(ours(MultiLabelMetric(thr=0.0), scores, target), theirs, 0)


@pytest.mark.parametrize("average", ["macro", None])
def test_average_precision_equals_mmpretrain(mmpretrain, average):
    for kind in KINDS:
        for difficult in (False, True):
            scores, target = make_scores(kind), make_presence(kind, difficult=difficult)
            fields = [{"gt_score": row} for row in target]
            options = {"average": average}
            theirs = mmpretrain(theirs_1x, "AveragePrecision", [options], scores, fields)
            assert_same(ours(AveragePrecision(**options), scores, target), theirs)


@pytest.mark.parametrize("positive", [None, True, False])
@pytest.mark.parametrize("ours_kind", [VOCMultiLabelMetric, VOCAveragePrecision])
def test_metrics_of_voc_equal_mmpretrain(mmpretrain, ours_kind, positive):
    scores, clear, hard = (
        make_scores("ties"),
        make_presence("plain"),
        make_presence("certain"),
    )
    labels = [row.nonzero().flatten() for row in clear]
    metas = [{"gt_label_difficult": row.nonzero().flatten().tolist()} for row in hard]
    fields = [{"gt_label": row, **meta} for row, meta in zip(labels, metas, strict=True)]
    options = {"average": None, "difficult_as_positive": positive}
    theirs = mmpretrain(theirs_1x, ours_kind.__name__, [options], scores, fields)
    assert_same(ours(ours_kind(**options), scores, labels, metas), theirs)


# -------------------------------------------------------------------------- mmcls 0.25


def theirs_0x(scores, target, parts, evaluation):
    """Evaluate a dataset, or several joined ones, of labels or of what is there."""
    import numpy as np
    from mmcls.datasets import BaseDataset, ConcatDataset, MultiLabelDataset

    def make(labels):
        base = BaseDataset if labels.ndim == 1 else MultiLabelDataset

        class Labelled(base):
            def load_annotations(self):
                return [{"gt_label": label} for label in labels.numpy().astype(np.int8)]

        return Labelled("", [])

    if len(parts) == 1:
        dataset = make(target)
    else:
        dataset = ConcatDataset([make(part) for part in target.split(parts)])
    found = dataset.evaluate(list(scores.numpy()), **evaluation)
    return {
        name: value.tolist() if hasattr(value, "tolist") else value for name, value in found.items()
    }


def ours_0x(scores, target, evaluation, dataset=None, parts=()):
    """Evaluate as a config with this `evaluation` does."""
    dataset = dataset or {"type": "VOC" if target.ndim == 2 else "ImageNet"}
    new = to_nodes({"val_dataloader": {"dataset": dataset}})
    write_evaluators(to_nodes(evaluation), None, new, [])
    evaluators = to_plain(new["val_evaluator"])
    evaluators = evaluators if isinstance(evaluators, list) else [evaluators]
    built = [instantiate(METRIC_TABLE.describe(one, "mmcls")) for one in evaluators]
    return ours(built, scores, target, parts=parts)


@pytest.mark.parametrize("topk", [1, (1,), (1, 5), (2, 3)])
@pytest.mark.parametrize("thrs", THRS_0X)
def test_accuracy_equals_mmcls(mmcls, topk, thrs):
    evaluation = {"metric": "accuracy", "metric_options": {"topk": topk, "thrs": thrs}}
    for kind in KINDS:
        scores, target = make_scores(kind), make_labels(kind)
        theirs = mmcls(theirs_0x, scores, target, [0], evaluation)
        assert_same(ours_0x(scores, target, evaluation), theirs, 0)


@pytest.mark.parametrize("average", ["macro", "none"])
@pytest.mark.parametrize("thrs", THRS_0X)
def test_metrics_of_one_label_equal_mmcls(mmcls, average, thrs):
    names = ["f1_score", "precision", "support", "recall", "accuracy"]
    options = {"average_mode": average, "thrs": thrs}
    evaluation = {"metric": names, "metric_options": options}
    for kind in KINDS:
        scores, target = make_scores(kind), make_labels(kind)
        theirs = mmcls(theirs_0x, scores, target, [0], evaluation)
        assert_same(ours_0x(scores, target, evaluation), theirs, 1e-7)


@pytest.mark.parametrize(
    "options", [None, {}, {"thr": 0.25}, {"thr": 0.99}, {"k": 3}, {"k": 9}, {"thr": 0.3, "k": 1}]
)
@pytest.mark.parametrize("names", [SEVERAL, SEVERAL[::-1], ["OF1"], "CP"])
def test_metrics_of_several_labels_equal_mmcls(mmcls, names, options):
    evaluation = {"metric": names, "metric_options": options}
    for kind in KINDS:
        for difficult in (False, True):
            scores, target = make_scores(kind), make_presence(kind, difficult=difficult)
            theirs = mmcls(theirs_0x, scores, target, [0], evaluation)
            assert_same(ours_0x(scores, target, evaluation), theirs, 1e-12)


@pytest.mark.parametrize("several", [False, True])
def test_what_is_measured_by_default_equals_mmcls(mmcls, several):
    scores = make_scores("plain")
    target = make_presence("plain") if several else make_labels("plain")
    theirs = mmcls(theirs_0x, scores, target, [0], {})
    assert list(theirs) == (["mAP"] if several else ["accuracy_top-1", "accuracy_top-5"])
    assert_same(ours_0x(scores, target, {}), theirs, 1e-12)


@pytest.mark.parametrize("several", [False, True])
def test_joined_datasets_equal_mmcls(mmcls, several):
    scores = make_scores("ties")
    target = make_presence("plain") if several else make_labels("plain")
    parts = [30, 100, 21]
    evaluation = {"metric": ["mAP", "OF1"] if several else ["recall", "accuracy"]}
    theirs = mmcls(theirs_0x, scores, target, parts, evaluation)
    dataset = {"type": "VOC" if several else "ImageNet"}
    joined = {"type": "ConcatDataset", "datasets": [dataset] * 3, "separate_eval": True}
    assert_same(ours_0x(scores, target, evaluation, joined, parts), theirs, 1e-7)


HELPERS = [
    ("calculate_confusion_matrix", {}),
    ("precision_recall_f1", {"average_mode": "none", "thrs": (0.1, 0.5)}),
    ("precision", {}),
    ("recall", {"thrs": (None, 0.2)}),
    ("f1_score", {"thrs": (0.2,)}),
    ("support", {"average_mode": "none"}),
    ("support", {}),
    ("mAP", {}),
    ("average_precision", {}),
    ("average_performance", {"k": 2}),
    ("average_performance", {"thr": 0.25}),
]


def theirs_helper(name, scores, target, options):
    from mmcls.core import evaluation

    found = getattr(evaluation, name)(scores, target, **options)
    listed = found if isinstance(found, (tuple, list)) else [found]
    return [x.tolist() if hasattr(x, "tolist") else x for x in listed]


@pytest.mark.parametrize(("name", "options"), HELPERS)
def test_functions_for_users_datasets_equal_mmcls(mmcls, name, options):
    for kind in KINDS:
        scores, target = make_scores(kind).numpy(), make_labels(kind).numpy()
        if name.startswith(("mAP", "average")):
            target = make_presence(kind, difficult=True).numpy()
        if name == "average_precision":
            scores, target = scores[:, 0], target[:, 0]
        theirs = mmcls(theirs_helper, name, scores, target.copy(), options)
        found = getattr(evaluation, name)(scores, target, **options)
        listed = found if isinstance(found, tuple | list) else [found]
        for own, other in zip(listed, theirs, strict=True):
            np.testing.assert_allclose(own, other, rtol=1e-12)


def theirs_rules(names, generation):
    """Return 'greater', 'less' or 'none' for each name."""
    rules = []
    for name in names:
        try:
            if generation == "0.x":
                from mmcv.runner.hooks import EvalHook

                hook = EvalHook.__new__(EvalHook)
                hook.greater_keys = EvalHook._default_greater_keys
                hook.less_keys = EvalHook._default_less_keys
                hook._init_rule(None, name)
                rules.append(hook.rule)
            else:
                from mmengine.hooks import CheckpointHook

                rules.append(CheckpointHook(save_best=name).rules[0])
        except ValueError:
            rules.append("none")
    return rules


def our_rule(name):
    try:
        return choose_rules(name, None)[name]
    except ValueError:
        return "none"


def test_rules_by_the_names_of_metrics_equal_the_originals(mmcls, mmpretrain):
    old = [
        *build_metrics(["accuracy", *SINGLE_LABEL], {"topk": (1, 5)}, several=False),
        *build_metrics(["accuracy"], {"topk": 1}, several=False),
        *build_metrics(SEVERAL, None, several=True),
    ]
    new = [
        *(Accuracy((1, 5), thrs) for thrs in (0.0, (0.1, None))),
        *(SingleLabelMetric(items=ITEMS, average=average) for average in ("macro", "micro")),
        *(MultiLabelMetric(items=ITEMS, topk=3), AveragePrecision()),
    ]
    for original, generation, metrics in ((mmcls, "0.x", old), (mmpretrain, "1.x", new)):
        names = [name for metric in metrics for name in metric.names]
        theirs = original(theirs_rules, names, generation)
        assert [our_rule(name) for name in names] == theirs
        assert {"greater", "none"} == set(theirs)
