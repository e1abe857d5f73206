import pytest

from mmlight.compat.base_dataset import OldBaseDataset, OldMultiLabelDataset
from mmlight.read.node import ConfigDict, to_nodes, to_plain
from mmlight.registry import DATASETS
from mmlight.spec import Note
from mmlight.upgrade.metrics import evaluates_itself, write_evaluators

OLD = dict(generation="0.x")
PLAIN = dict(type="ImageNet")
VOC = dict(type="VOC")
ALL = ["mAP", "CP", "OP", "CR", "OR", "CF1", "OF1"]
EVERY = ("precision", "recall", "f1-score")
SINGLE_NAMES = ("accuracy", "precision", "recall", "f1_score", "support")


class SelfMade(OldBaseDataset):
    def load_annotations(self):
        return [{"gt_label": 0}]

    def evaluate(self, results, **kwargs):
        return {"count": len(results)}


class Several(OldMultiLabelDataset):
    def load_annotations(self):
        return [{"gt_label": [1, 0]}]


@pytest.fixture
def registered():
    names = {"SelfMade": SelfMade, "Several": Several}
    DATASETS.module_dict.update(names)
    yield
    for name in names:
        del DATASETS.module_dict[name]


def evaluators(dataset=PLAIN, notes=None, **evaluation):
    new = to_nodes({"val_dataloader": {"dataset": dataset}})
    left = to_nodes(evaluation)
    write_evaluators(left, None, new, [] if notes is None else notes)
    assert not left.keys() & {"metric", "metric_options"}
    return to_plain(new["val_evaluator"])


@pytest.mark.parametrize("words", [{"metric": "accuracy"}, {"metric": ["accuracy"]}, {}])
def test_best_1_and_5_count_when_accuracy(words):
    assert evaluators(**words) == dict(type="Accuracy", **OLD, topk=(1, 5))


def test_options_move_when_accuracy():
    options = dict(topk=1, thrs=(0.1,))
    assert evaluators(metric="accuracy", metric_options=options) == dict(
        type="Accuracy", **OLD, topk=1, thrs=(0.1,)
    )


def test_option_is_missing_when_it_is_none():
    found = evaluators(metric=["accuracy", "recall"], metric_options=dict(thrs=None, topk=None))
    assert [set(one) & {"thrs", "topk"} for one in found] == [{"topk"}, set()]
    assert found[0]["topk"] == (1, 5)


def test_metrics_are_grouped_when_of_one_label():
    names = ["f1_score", "accuracy", "precision", "support"]
    assert evaluators(metric=names, metric_options=dict(average_mode="none", thrs=0.2)) == [
        dict(type="Accuracy", **OLD, topk=(1, 5), thrs=0.2),
        dict(
            type="SingleLabelMetric",
            **OLD,
            items=("precision", "f1-score", "support"),
            thrs=0.2,
            average=None,
        ),
    ]


def test_metrics_are_grouped_when_of_many_labels(registered):
    several = dict(type="Several")
    assert evaluators(several, metric=ALL, metric_options=dict(k=3)) == [
        dict(type="AveragePrecision", **OLD),
        dict(type="MultiLabelMetric", **OLD, items=EVERY, average="macro", topk=3),
        dict(type="MultiLabelMetric", **OLD, items=EVERY, average="micro", topk=3),
    ]
    assert evaluators(several, metric="OF1", metric_options=dict(thr=0.4)) == dict(
        type="MultiLabelMetric", **OLD, items=("f1-score",), average="micro", thr=0.4
    )


def test_metrics_are_those_of_voc_when_dataset_is():
    found = evaluators({**VOC, "difficult_as_positive": True}, metric=["mAP", "CP"])
    assert [one["type"] for one in found] == ["VOCAveragePrecision", "VOCMultiLabelMetric"]
    assert all(one["difficult_as_positive"] is True for one in found)
    assert "difficult_as_positive" not in evaluators(VOC, metric="mAP")


@pytest.mark.parametrize("kind", ["VOC", "Several"])
def test_mean_average_precision_counts_when_images_have_several_labels(registered, kind):
    dataset = dict(type="KFoldDataset", dataset=dict(type=kind))
    assert evaluators(dataset)["type"].endswith("AveragePrecision")


@pytest.mark.parametrize(
    ("dataset", "name", "known"),
    [
        (PLAIN, "mAP", SINGLE_NAMES),
        (VOC, "accuracy", ("mAP", "CP", "CR", "CF1", "OP", "OR", "OF1")),
    ],
)
def test_metric_is_kept_for_refusal_when_the_dataset_has_none_such(dataset, name, known):
    assert evaluators(dataset, metric=name) == dict(type=name, **OLD, known=known)


def test_option_is_kept_for_refusal_when_no_dataset_knows_it():
    found = evaluators(metric=["accuracy", "recall"], metric_options=dict(beta=1))
    assert found[0] == dict(type="Accuracy", **OLD, topk=(1, 5), beta=1)


def test_note_is_written_when_no_chosen_metric_reads_an_option():
    notes: list[Note] = []
    evaluators(notes=notes, metric="recall", metric_options=dict(topk=(1,)))
    assert [str(note) for note in notes] == [
        "evaluation.metric_options.topk: None of the metrics reads it."
    ]


def test_parts_have_evaluators_of_their_own_when_they_are_separate():
    parts = [dict(type="ImageNet"), dict(type="ImageNet")]
    joined = dict(type="ConcatDataset", datasets=parts, separate_eval=True)
    accuracy = dict(type="Accuracy", **OLD, topk=(1, 5))
    assert evaluators(joined) == dict(type="SeparateMetrics", parts=[[accuracy], [accuracy]])
    assert evaluators({**joined, "separate_eval": False}) == accuracy


def test_dataset_evaluates_itself_when_it_can(registered):
    words = dict(metric="mine", metric_options=dict(a=1), beta=2)
    expected = dict(type="DatasetMetric", options=words)
    assert evaluators(dict(type="SelfMade"), interval=3, save_best="auto", **words) == expected
    folds = dict(type="KFoldDataset", dataset=dict(type="SelfMade"))
    assert evaluators(folds, **words) == expected


def test_data_of_another_kind_are_tested_by_default():
    loaders = {"val_dataloader": {"dataset": VOC}, "test_dataloader": {"dataset": PLAIN}}
    new = to_nodes(loaders)
    write_evaluators(to_nodes(dict(metric="OP", metric_options=dict(k=2))), None, new, [])
    assert new["val_evaluator"]["topk"] == 2
    assert to_plain(new["test_evaluator"]) == dict(type="Accuracy", **OLD, topk=(1, 5))


def test_words_stay_for_the_hook_when_the_dataset_reads_the_others(registered):
    new = to_nodes({"val_dataloader": {"dataset": dict(type="SelfMade")}})
    left = to_nodes(dict(metric="m", beta=2, interval=3, rule="less"))
    write_evaluators(left, None, new, [])
    assert to_plain(left) == dict(interval=3, rule="less")
    left = to_nodes(dict(metric="accuracy", beta=2, interval=3))
    write_evaluators(left, None, to_nodes({"val_dataloader": {"dataset": PLAIN}}), [])
    assert to_plain(left) == dict(beta=2, interval=3)  # the next stage refuses it


def test_class_evaluates_itself_when_its_evaluate_is_not_ours():
    assert evaluates_itself(SelfMade)
    assert not evaluates_itself(Several)
    assert not evaluates_itself(None)


def test_dataset_may_be_an_object():
    assert evaluators(object.__new__(SelfMade))["type"] == "DatasetMetric"
    assert evaluators(ConfigDict())["type"] == "Accuracy"
