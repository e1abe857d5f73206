"""Trains OpenMMLab classification configs, of either generation and unchanged, under Lightning.

    file ──read──▶ Config ──upgrade──▶ Config in mmengine words ──translate──▶ Spec ──build──▶ Parts

    read/       STAGE 1: the config language; each leaf knows its file and line
    upgrade/    STAGE 2: words of mmcls 0.x / mmcv 1.x become words of mmpretrain 1.x / mmengine
    translate/  STAGE 3: config sections become calls to classes, as data
    build.py    STAGE 4: data becomes a LightningModule, a LightningDataModule, callbacks, a Trainer
    run.py      the main path: the arrows above, one after the other

    explain/    where each value comes from and what it becomes; imports no torch either
    check/      everything that is wrong with a config, before training
    registry/   the names that users give to classes of their own
    compat/     the import names of mmcv, mmengine, mmcls, ... for those classes

Names are imported when they are first used: the first three stages never import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmlight.build import Parts as Parts
    from mmlight.check.check import check_config as check_config
    from mmlight.datamodule import PipelineDataModule as PipelineDataModule
    from mmlight.errors import MMLightError as MMLightError
    from mmlight.explain.key import explain_key as explain_key
    from mmlight.explain.report import explain_config as explain_config
    from mmlight.hooks.hook import Hook as Hook
    from mmlight.inference import inference_model as inference_model
    from mmlight.inference import init_model as init_model
    from mmlight.inference import show_result_pyplot as show_result_pyplot
    from mmlight.listing import list_models as list_models
    from mmlight.module import ImageClassifier as ImageClassifier
    from mmlight.read.config import Config as Config
    from mmlight.registry import DATA_SAMPLERS as DATA_SAMPLERS
    from mmlight.registry import DATASETS as DATASETS
    from mmlight.registry import HOOKS as HOOKS
    from mmlight.registry import METRICS as METRICS
    from mmlight.registry import MODELS as MODELS
    from mmlight.registry import OPTIMIZERS as OPTIMIZERS
    from mmlight.registry import PARAM_SCHEDULERS as PARAM_SCHEDULERS
    from mmlight.registry import TRANSFORMS as TRANSFORMS
    from mmlight.registry.registry import Registry as Registry
    from mmlight.run import build_parts as build_parts
    from mmlight.run import fit as fit
    from mmlight.run import predict as predict
    from mmlight.run import test as test
    from mmlight.run import validate as validate
    from mmlight.spec import Spec as Spec
    from mmlight.translate.translate import translate_config as translate_config
    from mmlight.upgrade.upgrade import upgrade_config as upgrade_config

_HOMES = {
    "mmlight.build": ("Parts",),
    "mmlight.check.check": ("check_config",),
    "mmlight.datamodule": ("PipelineDataModule",),
    "mmlight.errors": ("MMLightError",),
    "mmlight.explain.key": ("explain_key",),
    "mmlight.explain.report": ("explain_config",),
    "mmlight.hooks.hook": ("Hook",),
    "mmlight.inference": ("inference_model", "init_model", "show_result_pyplot"),
    "mmlight.listing": ("list_models",),
    "mmlight.module": ("ImageClassifier",),
    "mmlight.read.config": ("Config",),
    "mmlight.registry": (
        *("DATA_SAMPLERS", "DATASETS", "HOOKS", "METRICS", "MODELS", "OPTIMIZERS"),
        *("PARAM_SCHEDULERS", "TRANSFORMS"),
    ),
    "mmlight.registry.registry": ("Registry",),
    "mmlight.run": ("build_parts", "fit", "predict", "test", "validate"),
    "mmlight.spec": ("Spec",),
    "mmlight.translate.translate": ("translate_config",),
    "mmlight.upgrade.upgrade": ("upgrade_config",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.1.0"
__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module 'mmlight' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
