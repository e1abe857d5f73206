import pytest

from mmlight.errors import ConfigError
from mmlight.explain.fates import Fate
from mmlight.explain.key import describe, explain_key
from mmlight.read.config import Config, read_config
from tests.explain.test_report import OVERRIDES

EXPECTED = {
    ("old", "optimizer"): """optimizer
  set in:   run.py:3    optimizer = dict(_delete_=True, type='AdamW', lr=0.2)
  over:     {'type': 'SGD', 'lr': 0.1, 'momentum'..., base.py:16
            optimizer = dict(type='SGD', lr=0.1, momentum=0.9)
  becomes:  torch.optim.AdamW (model.optimizer)

  type = 'AdamW'                  run.py:3
    over 'SGD'                    base.py:16
  lr = 0.2                        run.py:3
    over 0.1                      base.py:16""",
    ("old", "model.backbone.num_classes"): """model.backbone.num_classes = 7
  set in:   run.py:2    model = dict(backbone=dict(num_classes=7))
  over:     10, base.py:3    backbone=dict(type='LeNet5', num_classes=10),
  becomes:  num_classes of mmlight.models.backbones.lenet.LeNet5 (model.backbone)""",
    ("old", "data.val.pipeline.0"): """data.val.pipeline[0]
  set in:   base.py:8    dict(type='Resize', size=28),
  becomes:  mmlight.data.transforms.resize.Resize (data.val.dataset.pipeline[0])

  type = 'Resize'                 base.py:8
  size = 32                       --cfg-options data.val.pipeline.0.size=32
    over 28                       base.py:8
    -> scale of Resize (data.val.dataset.pipeline[0])""",
    ("old", "data.samples_per_gpu"): """data.samples_per_gpu = 4
  set in:   base.py:13    samples_per_gpu=4,
  becomes:  batch_size of mmlight.datamodule.LoaderConfig (data.val)""",
    ("old", "seed"): """seed = 7
  set in:   --cfg-options seed=7
  over:     5, run.py:6    seed = 5
  becomes:  seed_everything""",
    ("old", "norm.mean"): """norm.mean
  set in:   base.py:6    norm = dict(mean=[10.0], std=[20.0])
  becomes:  a helper variable, used by steps

  [0] = 10.0                      base.py:6""",
    ("old", "optimizer_config.grad_clip"): """optimizer_config.grad_clip = None
  set in:   base.py:17    optimizer_config = dict(grad_clip=None)
  becomes:  None: as if it were not there""",
    ("old", "log_level"): """log_level = 'INFO'
  set in:   base.py:20    log_level = 'INFO'
  becomes:  ignored: Log levels are those of Python's logging.""",
    ("old", "evaluation"): """evaluation
  set in:   base.py:15    evaluation = dict(interval=1, metric_options=dict(topk=(1,)))
  becomes:  mmlight.metrics.accuracy.Accuracy (model.val_metrics[0])

  interval = 1                    base.py:15
    -> interval of Validation (callbacks[4])
  metric_options                  base.py:15
    topk = (1,)                   base.py:15
      -> topk of Accuracy (model.val_metrics[0])""",
    ("new", "model"): """model
  set in:   run.py:2    model = dict(backbone=dict(num_classes=5), bakbone=1)

  type = 'ImageClassifier'        base.py:3
    -> mmlight.module.ImageClassifier
  backbone                        run.py:2
    -> mmlight.models.backbones.lenet.LeNet5 (model.backbone)
    type = 'LeNet5'               base.py:4
    num_classes = 5               run.py:2
      over 10                     base.py:4
  head                            base.py:5
    -> mmlight.models.heads.cls_head.ClsHead (model.head)
    type = 'ClsHead'              base.py:5
  bakbone = 1                     run.py:2
    -> REFUSED: unknown key 'bakbone' with value 1""",
    ("new", "val_dataloader.dataset.pipeline[1]"): """val_dataloader.dataset.pipeline[1]
  set in:   base.py:7    pipeline = [dict(type='Resize', scale=size), dict(type='PackInputs')]
  becomes:  mmlight.data.transforms.pack.PackInputs (data.val.dataset.pipeline[1])

  type = 'PackInputs'             base.py:7""",
    ("new", "val_evaluator"): """val_evaluator
  set in:   run.py:4    val_evaluator = dict(topk=(1,))
  becomes:  mmlight.metrics.accuracy.Accuracy (model.val_metrics[0])

  type = 'Accuracy'               base.py:12
  topk = (1,)                     run.py:4
    over (1, 5)                   base.py:12""",
    ("new", "default_hooks.sampler_seed"): """default_hooks.sampler_seed
  set in:   base.py:16    sampler_seed=dict(type='DistSamplerSeedHook'),
  becomes:  ignored: Samplers learn the epoch from the Trainer.

  type = 'DistSamplerSeedHook'    base.py:16""",
    ("new", "val_dataloader.batch_size"): """val_dataloader.batch_size = 8
  set in:   --cfg-options val_dataloader.batch_size=8
  over:     4, base.py:9    batch_size=4,
  becomes:  batch_size of mmlight.datamodule.LoaderConfig (data.val)""",
}


@pytest.mark.parametrize(("generation", "key"), EXPECTED)
def test_value_is_explained_when(generation, key, request):
    file = request.getfixturevalue(generation)
    text = explain_key(read_config(file, OVERRIDES[generation]), key)
    assert text == EXPECTED[generation, key]


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("train_cfg.max_epochs", "runner.max_epochs"),
        ("val_dataloader.batch_size", "data.samples_per_gpu"),
        ("val_dataloader.dataset.pipeline.0.scale", "data.val.pipeline[0].size"),
        ("data_preprocessor.to_rgb", "data.val.pipeline[1].to_rgb"),
        ("optim_wrapper.optimizer.lr", "optimizer.lr"),
        ("randomness.seed", "seed"),
    ],
)
def test_key_may_be_in_new_words_when_the_config_is_old(old, key, path):
    config = read_config(old)
    assert explain_key(config, key) == explain_key(config, path)
    assert explain_key(config, path).startswith(path)


def test_items_are_listed_when_one_was_overridden(old):
    lines = explain_key(read_config(old, ["lr_config.step.0=1"]), "lr_config").splitlines()
    assert lines[5:9] == [
        "  step                            base.py:18",
        "    [0] = 1                       --cfg-options lr_config.step.0=1",
        "      over 2                      base.py:18",
        "  polcy = 'poly'                  run.py:4",
    ]


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("model.bakbone", "model.backbone"),
        ("optimizer.lr_rate", None),
        ("model.backbone.num_classes.x", "model.backbone.num_classes"),
        ("data.val.pipeline.7", None),
    ],
)
def test_key_is_refused_when_it_is_not_there(old, key, nearest):
    with pytest.raises(ConfigError, match="the config has no such key") as caught:
        explain_key(read_config(old), key)
    assert caught.value.path == key
    assert nearest is None or caught.value.nearest == nearest


def test_value_is_from_python_when_no_file_set_it():
    config = Config({"train_cfg": {"max_epochs": 3}})
    assert explain_key(config, "train_cfg.max_epochs").splitlines()[1:] == [
        "  becomes:  trainer.max_epochs"
    ]
    config.merge_from_dict({"train_cfg.max_epochs": 5})
    assert explain_key(config, "train_cfg.max_epochs").splitlines()[1:] == [
        "  set in:   merge_from_dict train_cfg.max_epochs=5",
        "  over:     3, Python",
        "  becomes:  trainer.max_epochs",
    ]


@pytest.mark.parametrize(
    ("fate", "text"),
    [
        (Fate("call", "a.B", "model.head", "a.B"), "a.B (model.head)"),
        (Fate("argument", "x", "model.head", "a.B"), "x of B (model.head)"),
        (Fate("ignored", "Why."), "ignored: Why."),
        (Fate("refused", "wrong"), "REFUSED: wrong"),
        (Fate("used", "trainer.max_epochs", "trainer.max_epochs"), "trainer.max_epochs"),
    ],
)
def test_fate_is_described_when(fate, text):
    assert describe(fate, briefly=True) == text
