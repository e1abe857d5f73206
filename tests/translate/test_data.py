import pytest

from mmlight.read.node import to_nodes
from mmlight.spec import Call
from mmlight.translate.data import translate_pipeline
from mmlight.translate.section import Report

T = "mmlight.data.transforms"


def test_loaders_become_calls_when_stages(translate):
    data = translate(test_dataloader=dict(batch_size=2, dataset=dict(type="CIFAR10"))).data
    assert list(data) == ["train", "val", "test", "predict"]
    assert data["predict"] == data["test"]
    train = data["train"]
    assert (train.target, train.path) == ("mmlight.datamodule.LoaderConfig", "train_dataloader")
    assert (train.kwargs["batch_size"], train.kwargs["num_workers"]) == (4, 0)
    assert train.kwargs["sampler"] == Call(
        "mmlight.data.sampler_builder.SamplerBuilder",
        {"sampler": "mmlight.data.samplers.DefaultSampler", "options": {"shuffle": True}},
    )
    dataset = train.kwargs["dataset"]
    assert dataset.target == "mmlight.data.datasets.custom.CustomDataset"
    assert dataset.kwargs["pipeline"] == [
        Call(f"{T}.resize.Resize", {"scale": 32}),
        Call(f"{T}.pack.PackInputs"),
    ]
    assert dataset.kwargs["pipeline"][1].path == "train_dataloader.dataset.pipeline[1]"


def test_loader_is_left_out_when_none(translate):
    assert list(translate(val_dataloader=None, val_evaluator=None).data) == ["train"]


def test_metrics_are_listed_when_one_or_several(translate):
    metric = Call("mmlight.metrics.accuracy.Accuracy", {"topk": (1,)})
    assert translate().model["val_metrics"] == [metric]
    assert "test_metrics" not in translate().model
    two = [dict(type="Accuracy", topk=(1,)), dict(type="Accuracy", topk=(1,))]
    assert translate(test_evaluator=two).model["test_metrics"] == [metric, metric]


REFUSED = {
    "train_dataloader.dataset.type": ("CIFAR11", "unknown dataset type 'CIFAR11'"),
    "train_dataloader.dataset.pipeline.0.type": ("Resiz", "unknown transform type 'Resiz'"),
    "train_dataloader.sampler.type": ("Default", "unknown sampler type 'Default'"),
    "val_evaluator.type": ("Acuracy", "unknown metric type 'Acuracy'"),
    "train_dataloader.collate_fn.type": ("mine", "the value {'type': 'mine'} cannot be used"),
    "train_dataloader.worker_init_fn.type": ("mine", "the value {'type': 'mine'} cannot be used"),
    "train_dataloader.batchsize": (3, "unknown key 'batchsize' with value 3"),
    "train_dataloader.dataset": (3, "the value 3 cannot be used"),
}


@pytest.mark.parametrize("key", REFUSED)
def test_data_are_refused_when(problems, key):
    value, text = REFUSED[key]
    assert text in " ".join(problems({key: value}))


@pytest.mark.parametrize("name", ["default_collate", "pseudo_collate", "mmengine.pseudo_collate"])
def test_collate_is_accepted_when_default(translate, name):
    options = {"train_dataloader.collate_fn.type": name}
    assert "collate_fn" not in translate(options).data["train"].kwargs


def test_pipeline_is_translated_when_bare():
    report = Report()
    steps = [dict(type="Resize", scale=3), dict(type="Resiz")]
    calls = translate_pipeline(to_nodes(steps), "test_pipeline", report)
    assert [call.target for call in calls] == [f"{T}.resize.Resize"]
    assert len(report.errors) == 1
