import pytest

from mmlight.read.node import to_nodes
from mmlight.registry import DATA_SAMPLERS, FUNCTIONS
from mmlight.spec import Call
from mmlight.translate.data import translate_pipeline
from mmlight.translate.section import Report

T = "mmlight.data.transforms"


@FUNCTIONS.register_module(name="NeatCollate")
def neat_collate(batch, size=1):
    """Make a batch of a user's own."""
    return batch[:size]


@FUNCTIONS.register_module(name="NeatWorker")
def neat_worker(worker_id):
    """Prepare a worker."""


@DATA_SAMPLERS.register_module(name="NeatBatches")
class NeatBatches:
    """A user's own batches."""


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
    "train_dataloader.collate_fn.type": ("mine", "unknown function type 'mine'"),
    "train_dataloader.worker_init_fn.type": ("mine", "unknown function type 'mine'"),
    "train_dataloader.batch_sampler.type": ("mine", "unknown sampler type 'mine'"),
    "train_dataloader.shuffle": (True, "a loader that has a sampler cannot shuffle"),
    "train_dataloader.generator": (3, "samplers and workers have generators of their own"),
    "train_dataloader.in_order": (False, "the value False cannot be used"),
    "train_dataloader.batch_sampler": (3, "the value 3 cannot be used"),
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


def test_users_functions_become_calls_when_registered(translate):
    options = {
        "train_dataloader.collate_fn": dict(type="NeatCollate", size=3),
        "train_dataloader.worker_init_fn": dict(type="NeatWorker"),
        "train_dataloader.batch_sampler": dict(type="NeatBatches", drop_last=True),
    }
    loader = translate(options).data["train"].kwargs
    named = "mmlight.data.named_function.NamedFunction"
    own = Call(named, {"function": f"{__name__}.neat_collate", "options": {"size": 3}})
    assert loader["collate_fn"] == Call("mmlight.compat.collate.UserCollate", {"collate": own})
    worker = {"function": f"{__name__}.neat_worker", "options": {}}
    assert loader["worker_init_fn"] == Call(named, worker)
    batches = {"sampler": f"{__name__}.NeatBatches", "options": {"drop_last": True}}
    assert loader["batch_sampler"].kwargs == batches


def test_function_is_taken_when_it_stands_there_itself(translate):
    options = {"train_dataloader.collate_fn": neat_collate}
    (named,) = translate(options).data["train"].kwargs["collate_fn"].kwargs.values()
    assert named.kwargs["function"] == f"{__name__}.neat_collate"


def test_loader_words_reach_the_loader_when_given(translate):
    words = dict(num_batch_per_epoch=3, timeout=5, multiprocessing_context="spawn")
    options = {f"train_dataloader.{key}": value for key, value in words.items()}
    needless = dict(pin_memory_device="cuda", disable_subprocess_warning=True, in_order=True)
    options |= {f"train_dataloader.{key}": value for key, value in needless.items()}
    spec = translate(options)
    kwargs = spec.data["train"].kwargs
    assert {key: kwargs[key] for key in words} == words
    assert not needless.keys() & kwargs.keys()
    assert [note.path for note in spec.notes] == [
        "train_dataloader.pin_memory_device",
        "train_dataloader.disable_subprocess_warning",
    ]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SequentialSampler", {"subsample_type": "sequential"}),
        ("ClassBalancedSampler", {"oversample_thr": 0.1}),
        ("WeightedRandomSampler", {"weights": "inverse_frequency"}),
    ],
)
def test_samplers_are_known_when_named(translate, name, options):
    spec = translate({"train_dataloader.sampler": dict(type=name, _delete_=True, **options)})
    sampler = spec.data["train"].kwargs["sampler"]
    assert sampler.kwargs == {"sampler": f"mmlight.data.samplers.{name}", "options": options}


def pipeline_of(*steps):
    report = Report()
    calls = translate_pipeline(to_nodes(list(steps)), "test_pipeline", report)
    return calls, [f"{error.path}: {error.problem}" for error in report.errors]


def test_inner_steps_become_calls_when_nested():
    flip = dict(type="RandomFlip", prob=0.5)
    resize = dict(type="Resize", scale=3)
    calls, errors = pipeline_of(dict(type="RandomChoice", transforms=[[flip, resize], [flip]]))
    assert not errors
    inner = Call(f"{T}.flip.RandomFlip", {"prob": 0.5})
    assert calls[0].kwargs["transforms"] == [
        [inner, Call(f"{T}.resize.Resize", {"scale": 3})],
        [inner],
    ]
    assert calls[0].kwargs["transforms"][0][1].path == "test_pipeline.pipeline[0].transforms[0][1]"


def test_error_names_the_inner_step_when_nested():
    steps = [[dict(type="RandomFlip")], [dict(type="RandomFlipp")]]
    _, errors = pipeline_of(dict(type="MultiView", num_views=1, transforms=steps))
    assert errors == [
        "test_pipeline.pipeline[0].transforms[1][0].type: unknown transform type 'RandomFlipp'"
    ]
    _, errors = pipeline_of(dict(type="AutoAugment", policies=[[dict(type="Rotatee")]]))
    assert errors == [
        "test_pipeline.pipeline[0].policies[0][0].type: unknown policy type 'Rotatee'"
    ]


def test_policies_stay_dicts_when_translated():
    policies = [
        dict(type="Rotate", magnitude_range=(0, 30)),
        dict(type="torchvision/Grayscale"),
        dict(type="RandomApply", transforms=[dict(type="Invert")]),
    ]
    calls, errors = pipeline_of(
        dict(type="RandAugment", policies=policies, num_policies=1, magnitude_level=1)
    )
    assert not errors
    assert calls[0].kwargs["policies"] == [
        policies[0],
        {"type": f"{T}.vision.TorchVision", "name": "Grayscale"},
        {"type": f"{T}.choice.RandomApply", "transforms": [Call(f"{T}.tone.Invert")]},
    ]


def test_steps_of_another_package_stay_when_albumentations():
    inner = [dict(type="OneOf", transforms=[dict(type="Blur")])]
    calls, errors = pipeline_of(dict(type="Albu", transforms=inner))
    assert not errors
    assert calls[0].kwargs["transforms"] == inner
