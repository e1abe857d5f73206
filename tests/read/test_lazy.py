import ast
from pathlib import Path

import pytest

from mmlight.errors import ConfigError
from mmlight.read.config import Config
from mmlight.read.lazy import BaseImport, importers, take_imports
from tests.lazy_configs import write_lazy

ROOT = Path(__file__).parents[2]


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files and read `main.py`, in whose folder the test runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def read(main, **others):
        for name, text in {"main": main, **others}.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Config.fromfile("main.py")

    return read


# ------------------------------------------------------------------------- the syntax


def test_imports_are_taken_when_of_any_form():
    text = """
import math, os.path
import torch.nn as nn, my.pkg
from torch.optim import SGD, Adam as Best
from mmengine.config import read_base
with read_base():
    from ..base import *
    from .other.file import a, b as c
with mmengine.config.read_base():
    from pkg.configs.x import d
def f():
    from inner import g
"""
    tree = ast.parse(text)
    imports = take_imports(tree, "a.py")
    assert imports.bases == (
        BaseImport("..base", (("*", "*"),), 7),
        BaseImport(".other.file", (("a", "a"), ("b", "c")), 8),
        BaseImport("pkg.configs.x", (("d", "d"),), 10),
    )
    assert imports.names == {"math", "os", "nn", "my", "SGD", "Best", "read_base", "g"}
    assert imports.modules == (("torch.nn", 3), ("my.pkg", 3), ("torch.optim", 4), ("inner", 12))
    scope = importers("a.py")
    exec(compile(ast.fix_missing_locations(tree), "a.py", "exec"), scope)
    assert [repr(scope[name]) for name in ("nn", "my", "SGD", "Best")] == [
        *("torch.nn", "my", "torch.optim.SGD", "torch.optim.Adam")
    ]
    assert scope["math"].__name__ == "math"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "from .base import model",
            "'from .base import model' stands outside of 'with read_base():'",
        ),
        ("from torch import *", "'from torch import *' stands outside of 'with read_base():'"),
        ("with read_base():\n    x = 1", "'x = 1' cannot stand under 'with read_base():'"),
        (
            "with read_base():\n    from . import x",
            "'from . import x' cannot stand under 'with read_base():'",
        ),
        (
            "with read_base():\n    import x.y",
            "'import x.y' cannot stand under 'with read_base():'",
        ),
    ],
)
def test_imports_are_refused_when_unclear(text, problem):
    with pytest.raises(ConfigError) as caught:
        take_imports(ast.parse(text), "a.py")
    assert (caught.value.problem, caught.value.path) == (problem, "a.py")
    assert caught.value.origin == f"a.py:{1 + text.count(chr(10))}"


# ---------------------------------------------------------------------- whole configs

LAZY = "from mmengine.config import read_base\nwith read_base():\n"


def test_nothing_is_imported_when_it_is_only_named(write):
    config = write(
        "import no.such as pkg\nfrom no.such.nets import Net\n"
        "model = dict(type=Net, act=pkg.act.ReLU, both=[(Net,)])\nalias = Net"
    )
    assert config.to_dict() == {
        "model": {
            "type": "no.such.nets.Net",
            "act": "no.such.act.ReLU",
            "both": [("no.such.nets.Net",)],
        },
        "alias": "no.such.nets.Net",
    }


def test_only_the_module_in_need_is_imported_when_called(write):
    config = write(
        "from needed import double\nfrom unneeded import Net\nx = double(4)\nm = dict(type=Net)",
        needed="def double(x): return 2 * x",
        unneeded="raise RuntimeError",
    )
    assert config.to_dict() == {"x": 8, "m": {"type": "unneeded.Net"}}


def test_standard_library_works_when_imported(write):
    config = write(
        "import os.path as osp, math\nfrom functools import partial\nimport os\n"
        "from torch.optim import SGD\nroot = osp.join('a', 'b')\nx = math.floor(2.5)\n"
        "y = partial(max, 3)(2)\nsep = os.sep\no = dict(type=SGD)"
    )
    assert config.to_dict() == {
        "root": "a/b",
        "x": 2,
        "y": 3,
        "sep": "/",
        "o": {"type": "torch.optim.SGD"},
    }


def test_origins_are_exact_when_bases_are_changed_in_place(write):
    config = write(
        LAZY + "    from .base import *\n    from .base import optim as other\n"
        "model.backbone.update(depth=18)\nmodel.head = dict(\n    type='H')\nlr = optim['lr']",
        base="from nets import Net\nmodel = dict(\n    backbone=dict(\n        type=Net,\n"
        "        depth=50))\noptim = dict(lr=1)",
    )
    keys = ("model", "model.backbone.type", "model.backbone.depth", "model.head.type", "optim.lr")
    assert [str(config.origin(key)) for key in keys] == [
        *("base.py:2", "base.py:4", "main.py:5", "main.py:7", "base.py:6")
    ]
    assert [str(config.origin(key)) for key in ("other", "lr")] == ["base.py:6", "main.py:8"]


def test_text_and_lazy_configs_inherit_from_each_other_when_mixed(write):
    config = write(
        "_base_ = 'lazy.py'\nmodel = dict(depth=18)",
        lazy=LAZY + "    from .text import *\nmodel.width = 2",
        text="_base_ = 'data.py'\nmodel = dict(depth=50)",
        data="from torch.optim import SGD\noptim = dict(type=SGD)",
    )
    assert config.to_dict() == {
        "optim": {"type": "torch.optim.SGD"},
        "model": {"depth": 18, "width": 2},
    }


def test_several_blocks_are_read_when_written(write):
    config = write(
        LAZY + "    from .a import *\nwith read_base():\n    from .b import *\nz = x + y",
        a="x = 1",
        b="y = 2",
    )
    assert config.to_dict() == {"x": 1, "y": 2, "z": 3}


def test_variables_stay_as_they_are_when_lazy(write):
    config = write(
        LAZY + "    from .base import *\nx = '{{ fileBasename }}'", base="y = '{{$A:1}}'"
    )
    assert config.to_dict() == {"y": "{{$A:1}}", "x": "{{ fileBasename }}"}


def test_helpers_are_known_when_a_base_reads_them(write):
    config = write(
        LAZY + "    from .base import *\nb = dict(size=size)", base="size = 2\na = dict(s=size)"
    )
    assert "size" in config.names_read


FAILURES = {
    "circle": (
        LAZY + "    from .base import *",
        dict(base=LAZY + "    from .main import *"),
        ("main.py: the config inherits from itself through base.py", "base.py:3"),
    ),
    "missing file": (
        LAZY + "    from .bas import *",
        dict(base="x = 1"),
        ("bas.py: no such config file", "set in:   main.py:3", "nearest:  base.py"),
    ),
    "missing name": (
        LAZY + "    from .base import modle",
        dict(base="model = 1"),
        (".base.modle: the base '.base' has no name 'modle'", "main.py:3", "nearest:  model"),
    ),
    "missing package": (
        LAZY + "    from no_such.configs.x import *",
        {},
        ("the package 'no_such' is not installed", "set in:   main.py:3"),
    ),
    "package": (LAZY + "    from x import *", {}, ("'x' is a package and no config", "main.py:3")),
    "two ways": (
        "_base_ = 'base.py'\n" + LAZY + "    from .base import *",
        dict(base="x = 1"),
        ("the config has both '_base_' and 'with read_base():'", "main.py:4"),
    ),
    "failing call": (
        "from no_such import f\n\nx = f()",
        {},
        ("no_such.f: the config uses it", "No module named 'no_such'", "set in:   main.py:1"),
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_reading_raises_when(write, case):
    main, others, texts = FAILURES[case]
    with pytest.raises(ConfigError) as caught:
        write(main, **others)
    for text in texts:
        assert text in str(caught.value)


def test_own_package_is_found_when_beside_the_config(tmp_path):
    write_lazy(tmp_path)
    (tmp_path / "project" / "mine_too.py").write_text(
        LAZY + "    from bases.runtime import log_level"
    )
    (tmp_path / "project" / "bases").mkdir()
    (tmp_path / "project" / "bases" / "runtime.py").write_text("log_level = 'INFO'")
    assert Config.fromfile(tmp_path / "project" / "mine_too.py").log_level == "INFO"


LENET = """
from mmengine.config import read_base
from mmengine.dataset import DefaultSampler
from mmengine.hooks import (CheckpointHook, DistSamplerSeedHook, IterTimerHook,
                            LoggerHook, ParamSchedulerHook)
from mmengine.optim import MultiStepLR, OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, TestLoop, ValLoop
from mmengine.visualization import LocalVisBackend
from mmpretrain.datasets import FashionMNIST, PackInputs, Resize
from mmpretrain.engine.hooks import VisualizationHook
from mmpretrain.evaluation import Accuracy
from mmpretrain.models import ClsHead, CrossEntropyLoss, ImageClassifier, LeNet5
from mmpretrain.visualization import UniversalVisualizer
from torch.optim import SGD

with read_base():
    from .runtime import *

model = dict(
    type=ImageClassifier,
    backbone=dict(type=LeNet5, num_classes=10),
    neck=None,
    head=dict(type=ClsHead, loss=dict(type=CrossEntropyLoss, loss_weight=1.0)))
data_root = FOLDER
data_preprocessor = dict(mean=[72.94], std=[90.02], num_classes=10)
pipeline = [dict(type=Resize, scale=32), dict(type=PackInputs)]
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    dataset=dict(type=FashionMNIST, data_root=data_root, split='train', pipeline=pipeline),
    sampler=dict(type=DefaultSampler, shuffle=True))
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    dataset=dict(type=FashionMNIST, data_root=data_root, split='test', pipeline=pipeline),
    sampler=dict(type=DefaultSampler, shuffle=False))
val_evaluator = dict(type=Accuracy, topk=(1, ))
test_dataloader = val_dataloader
test_evaluator = val_evaluator
optim_wrapper = dict(
    type=OptimWrapper, optimizer=dict(type=SGD, lr=0.02, momentum=0.9, weight_decay=0.0001))
param_scheduler = dict(type=MultiStepLR, by_epoch=True, milestones=[8], gamma=0.1)
train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=10, val_interval=1)
val_cfg = dict(type=ValLoop)
test_cfg = dict(type=TestLoop)
default_hooks.update(
    timer=dict(type=IterTimerHook),
    logger=dict(type=LoggerHook, interval=30),
    param_scheduler=dict(type=ParamSchedulerHook),
    checkpoint=dict(type=CheckpointHook, interval=1),
    sampler_seed=dict(type=DistSamplerSeedHook),
    visualization=dict(type=VisualizationHook, enable=False))
visualizer.update(type=UniversalVisualizer, vis_backends=[dict(type=LocalVisBackend)])
randomness.seed = 0
work_dir = 'work_dirs/lenet5_fashion-mnist-mini_1x'
"""


def test_lazy_config_becomes_the_same_spec_when_it_says_the_same(write):
    from mmlight.run import read_spec

    text = ROOT / "configs" / "mmengine" / "lenet" / "lenet5_fashion-mnist-mini.py"
    expected = read_spec(text)
    runtime = (ROOT / "configs" / "mmengine" / "_base_" / "default_runtime.py").read_text()
    root = Config.fromfile(text).train_dataloader.dataset.data_root
    write(LENET.replace("FOLDER", repr(root)), runtime=runtime)
    ours = read_spec("main.py")
    assert ours.to_dict() == expected.to_dict()
