import pytest

from mmlight.explain.report import explain_config
from mmlight.read.config import Config, read_config

OVERRIDES = {
    "old": ["seed=7", "data.val.pipeline.0.size=32"],
    "new": ["val_dataloader.batch_size=8"],
}
OLD = """run.py, in the words of mmcls 0.x

model
  type = 'ImageClassifier'        mmlight.module.ImageClassifier
  backbone                        mmlight.models.backbones.lenet.LeNet5
                                    num_classes=7
  neck = None                     None: as if it were not there
  head                            mmlight.models.heads.cls_head.ClsHead
    loss                          mmlight.models.losses.cross_entropy_loss.CrossEntropyLoss
                                    loss_weight=1.0
norm = {'mean': [10.0], 'std'...  a helper variable, used by steps
steps = [{'type': 'Resize', '...  a helper variable, used by data
data
  samples_per_gpu = 4             batch_size of data.val
  val                             mmlight.datamodule.LoaderConfig
                                    added: persistent_workers=True
                                  data.val.dataset: mmlight.data.datasets.mnist.FashionMNIST
                                    data_prefix='data'
                                    added: test_mode=True, split='test'
                                  data.val.sampler: mmlight.data.samplers.DefaultSampler
                                    added: shuffle=False
    pipeline
      [0]                         mmlight.data.transforms.resize.Resize
                                    size=32 as scale
                                    added: generation='0.x'
      [1]                         model.preprocessor: mmlight.models.preprocessor.ImagePreprocessor
                                    to_rgb=False, mean=[10.0], std=[20.0]
                                    with it: type
      [2]                         pipeline[1]: mmlight.data.transforms.pack.PackInputs
                                    with it: type, keys
      [3] = {'type': 'Collect...  done by PackInputs
evaluation                        model.val_metrics[0]: mmlight.metrics.accuracy.Accuracy
                                    added: generation='0.x'
  interval = 1                    interval of callbacks[4]
  metric_options
    topk = (1,)                   topk of model.val_metrics[0]
optimizer                         model.optimizer: torch.optim.AdamW
                                    lr=0.2
optimizer_config
  grad_clip = None                None: as if it were not there
lr_config                         callbacks[2].schedules[0]: mmlight.optim.policies.StepPolicy
                                    step=[2], polcy='poly'
runner
  type = 'EpochBasedRunner'       trainer.max_epochs
  max_epochs = 3                  trainer.max_epochs
log_level = 'INFO'                ignored: Log levels are those of Python's logging.
author = 'me'                     ignored: Nothing reads this name, as in the original.
seed = 7                          seed_everything

callbacks, in the order in which they run
  [0]  before all others          mmlight.callbacks.RunLog
  [1]  before all others          mmlight.callbacks.RuntimeInfo
  [2]  VERY_HIGH (10)             mmlight.callbacks.ParamSchedule from lr_config
  [3]  LOW (70)                   mmlight.callbacks.IterTimer
  [4]  LOW (70)                   mmlight.callbacks.Validation from evaluation
  [5]  VERY_LOW (90)              mmlight.callbacks.LogWriter
  [6]  after all others           mmlight.callbacks.PredictionGrid
  [7]  after all others           mmlight.callbacks.ProgressBar
  [8]  after all others           mmlight.callbacks.Announcer

arguments of the Trainer
  max_epochs=3, logger=False, num_sanity_val_steps=0, use_distributed_sampler=False,
  default_root_dir='work_dirs/run'"""

NEW = """run.py, in the words of mmpretrain 1.x, 1 problem

default_scope = 'mmpretrain'      names are looked up there first
model
  type = 'ImageClassifier'        mmlight.module.ImageClassifier
  backbone                        mmlight.models.backbones.lenet.LeNet5
                                    num_classes=5
  head                            mmlight.models.heads.cls_head.ClsHead
  bakbone = 1                     REFUSED: unknown key 'bakbone' with value 1
size = 28                         a helper variable, used by pipeline
pipeline = [{'type': 'Resize'...  a helper variable, used by val_dataloader
val_dataloader                    data.val: mmlight.datamodule.LoaderConfig
                                    batch_size=8
  dataset                         mmlight.data.datasets.mnist.FashionMNIST
                                    data_root='data'
    pipeline
      [0]                         mmlight.data.transforms.resize.Resize
                                    scale=28
      [1]                         mmlight.data.transforms.pack.PackInputs
  sampler                         mmlight.data.samplers.DefaultSampler
                                    shuffle=False
val_evaluator                     model.val_metrics[0]: mmlight.metrics.accuracy.Accuracy
                                    topk=(1,)
val_cfg = {}                      the Trainer's own loop
default_hooks
  timer                           callbacks[3]: mmlight.callbacks.IterTimer
  sampler_seed = {'type': 'Di...  ignored: Samplers learn the epoch from the Trainer.
  checkpoint                      callbacks[5]: mmlight.callbacks.Checkpoint
                                    interval=2
                                    added: dirpath='work_dirs/run', by_epoch=True
custom_hooks
  [0]                             callbacks[2]: mmlight.callbacks.EMA
                                    added: averaging='mmlight.compat.averaged_mode...,
                                    options={'momentum': 0.1}
    momentum = 0.1                how the weights are averaged
    priority = 'HIGH'             its place among the callbacks

callbacks, in the order in which they run
  [0]  before all others          mmlight.callbacks.RunLog
  [1]  before all others          mmlight.callbacks.RuntimeInfo
  [2]  HIGH (30)                  mmlight.callbacks.EMA from custom_hooks[0]
  [3]  NORMAL (50)                mmlight.callbacks.IterTimer from default_hooks.timer
  [4]  BELOW_NORMAL (60)          mmlight.callbacks.LogWriter
  [5]  VERY_LOW (90)              mmlight.callbacks.Checkpoint from default_hooks.checkpoint
  [6]  after all others           mmlight.callbacks.PredictionGrid
  [7]  after all others           mmlight.callbacks.ProgressBar
  [8]  after all others           mmlight.callbacks.Announcer

arguments of the Trainer
  max_epochs=1, logger=False, num_sanity_val_steps=0, use_distributed_sampler=False,
  default_root_dir='work_dirs/run'"""


@pytest.mark.parametrize(("generation", "expected"), [("old", OLD), ("new", NEW)])
def test_report_tells_everything_when(generation, expected, request):
    file = request.getfixturevalue(generation)
    assert explain_config(read_config(file, OVERRIDES[generation])) == expected


def test_report_is_as_wide_as_a_screen():
    for text in (OLD, NEW):
        assert max(len(line) for line in text.splitlines()) <= 100


def test_report_tells_what_is_missing_when_nothing_is_there():
    assert explain_config(Config({"train_cfg": {"by_epoch": True}})).startswith(
        """config, in the words of mmpretrain 1.x, 2 problems

train_cfg
  by_epoch = True                 trainer.max_epochs

problems with what is not there
  train_cfg.max_epochs            REFUSED: the value None cannot be used
  model                           REFUSED: the config has no model
"""
    )


def test_report_tells_one_thing_when_the_config_is_for_another_task():
    text = explain_config(Config({"model": {"type": "MAE", "neck": {"a": 1}}, "seed": 3}))
    head, *lines = text.splitlines()
    assert head == "config, in the words of mmpretrain 1.x, 1 problem"
    assert lines[2].startswith("  type = 'MAE'                    REFUSED: ")
    assert any("not read, because of the problem beside it" in line for line in lines)


def test_report_tells_unread_arguments_when_a_type_is_unknown():
    model = {"type": "ImageClassifier", "backbone": {"type": "LeNet6", "depth": 3, "a": {"b": 1}}}
    lines = explain_config(Config({"model": model})).splitlines()
    assert lines[4:6] == [
        "  backbone                          not read: depth, a",
        "    type = 'LeNet6'               REFUSED: unknown model type 'LeNet6'",
    ]


def test_report_tells_all_that_an_entry_becomes_when_it_is_more_than_one(old):
    lines = explain_config(read_config(old, ["evaluation.start=0"])).splitlines()
    index = next(index for index, line in enumerate(lines) if line.startswith("  start = 0"))
    told = [line[34:] for line in lines[index : index + 3]]
    assert told == [f"{name} of callbacks[4]" for name in ("begin", "offset", "at_start")]
