"""`workflow` of 0.x."""

import pytest

from mmlight.read.config import Config
from mmlight.run import read_spec
from mmlight.translate.translate import try_translate
from mmlight.upgrade.upgrade import try_upgrade

STEPS = [dict(type="RandomFlip", flip_prob=0.5), dict(type="Collect", keys=["img", "gt_label"])]
VAL = [dict(type="Collect", keys=["img"])]
OLD = dict(
    model=dict(type="ImageClassifier", backbone=dict(type="LeNet5", num_classes=10)),
    data=dict(
        samples_per_gpu=4,
        workers_per_gpu=0,
        train=dict(type="CIFAR10", data_prefix="d", pipeline=STEPS),
        val=dict(type="CIFAR10", data_prefix="v", pipeline=VAL),
        val_dataloader=dict(samples_per_gpu=9),
    ),
    optimizer=dict(type="SGD", lr=0.1),
    lr_config=dict(policy="fixed"),
    runner=dict(type="EpochBasedRunner", max_epochs=2),
    log_config=dict(interval=1, hooks=[dict(type="TextLoggerHook")]),
)


def translate(**words):
    return read_spec(Config({**OLD, **words}))


def find(spec):
    return [c for c in spec.callbacks if c.target == "mmlight.callbacks.ValidationLoss"]


def test_losses_are_computed_when_the_workflow_says_so():
    spec = translate(workflow=[("train", 2), ("val", 3)])
    (call,) = find(spec)
    assert call.kwargs == {"epochs": 2, "passes": 3}
    loader = spec.data["val_loss"]
    assert loader.kwargs["batch_size"] == 4  # as in training
    assert loader.kwargs["sampler"].kwargs["options"] == {"shuffle": True}
    dataset = loader.kwargs["dataset"].kwargs
    assert "v" in dataset.values()
    assert [step.target.rpartition(".")[2] for step in dataset["pipeline"]] == [
        "RandomFlip",
        "PackInputs",
    ]


@pytest.mark.parametrize("workflow", [None, [("train", 1)], [["train", 5]]])
def test_nothing_is_added_when_training_is_alone(workflow):
    spec = translate(workflow=workflow)
    assert find(spec) == []
    assert "val_loss" not in spec.data


REFUSED = {
    "order": (
        [("val", 1), ("train", 1)],
        {},
        "the value [('val', 1), ('train', 1)] cannot be used",
    ),
    "count": (
        [("train", 0), ("val", 1)],
        {},
        "the value [('train', 0), ('val', 1)] cannot be used",
    ),
    "text": ("train", {}, "the value 'train' cannot be used"),
    "iterations": (
        [("train", 1), ("val", 1)],
        {"runner": dict(type="IterBasedRunner", max_iters=5)},
        "losses of validation need an epoch-based run",
    ),
    "data": (
        [("train", 1), ("val", 1)],
        {"data": {k: v for k, v in OLD["data"].items() if k != "val"}},
        "there are no data for 'val'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_workflow_is_refused_when(case):
    workflow, words, text = REFUSED[case]
    found = try_translate(*try_upgrade(Config({**OLD, **words, "workflow": workflow})))
    errors = [str(e).splitlines()[0] for e in found.errors]
    assert f"workflow: {text}." in errors or f"workflow: {text}" in errors
