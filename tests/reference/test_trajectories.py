"""Losses, metrics and weights along 60 iterations equal those of the originals, step for step."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlight.run import fit, read_spec
from mmlight.spec import Call
from tests.reference.original import Original
from tests.reference.trajectories import NEW, OLD, write_photos
from tests.runs import write_config

SEED = 11


def train_mmcls(config: str, work_dir: str, seed: int, double: bool) -> Any:  # noqa: PLR0915
    """Train with the original; return losses, metrics, first and last weights."""
    import random
    from unittest import mock

    import mmcv.runner.hooks.evaluation as evaluation
    import numpy as np
    import torch
    from mmcls.apis import train_model
    from mmcls.datasets import build_dataset
    from mmcls.models import build_classifier
    from mmcv import Config
    from mmcv.runner import HOOKS, Hook

    found = {"losses": [], "metrics": []}
    torch.set_num_threads(1)

    def seed_all():
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)

    @HOOKS.register_module(force=True)
    class Record(Hook):
        def before_run(self, runner):
            seed_all()

        def before_train_iter(self, runner):
            if runner.iter == 0:
                seed_all()

        def after_train_iter(self, runner):
            found["losses"].append(runner.outputs["loss"].item())

    cfg = Config.fromfile(config)
    cfg.gpu_ids, cfg.device, cfg.work_dir = [0], "cpu", work_dir
    cfg.custom_hooks = [*cfg.custom_hooks, dict(type="Record", priority="HIGHEST")]
    if cfg.runner.type == "EpochBasedRunner":
        cfg.custom_hooks.append(dict(type="DistSamplerSeedHook"))
    model = build_classifier(cfg.model)
    torch.manual_seed(seed)
    model.init_weights()
    if double:
        model.double()
        model.backbone.register_forward_pre_hook(lambda _, args: (args[0].double(),))
        if getattr(model, "augments", None) is not None:
            augment = model.augments
            model.augments = lambda img, gt_label: augment(img.double(), gt_label)
    found["first"] = {k: v.clone() for k, v in model.state_dict().items()}
    evaluate = evaluation.EvalHook.evaluate

    def keep(self, runner, results):
        value = evaluate(self, runner, results)
        output = runner.log_buffer.output
        found["metrics"].append({k: float(v) for k, v in output.items() if "accuracy" in k})
        return value

    with mock.patch("time.sleep"), mock.patch.object(evaluation.EvalHook, "evaluate", keep):
        data = [build_dataset(cfg.data.train)]
        train_model(model, data, cfg, distributed=False, validate=True, device="cpu", meta={})
    # the last act of mmcv's EMAHook leaves the average in the model, and so does ours
    found["last"] = {k: v for k, v in model.state_dict().items() if k in found["first"]}
    return found


def train_mmpretrain(config: str, work_dir: str, seed: int, double: bool) -> Any:
    """Train with the original; return losses, metrics, first and last weights."""
    import random
    from unittest import mock

    import numpy as np
    import torch
    from mmengine.config import Config
    from mmengine.hooks import Hook
    from mmengine.runner import Runner

    found = {"losses": [], "metrics": []}
    torch.set_num_threads(1)

    def seed_all():
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)

    class Record(Hook):
        priority = "HIGHEST"

        def before_train(self, runner):
            for weight in runner.model.parameters():  # ours are loaded in single precision
                weight.data = weight.data.float().to(weight.dtype)
            found["first"] = {k: v.clone() for k, v in runner.model.state_dict().items()}
            seed_all()

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            if runner.iter == 0:
                seed_all()

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            found["losses"].append(outputs["loss"].item())

        def after_val_epoch(self, runner, metrics=None):
            found["metrics"].append(dict(metrics))

    cfg = Config.fromfile(config)
    cfg.work_dir = work_dir
    runner = Runner.from_cfg(cfg)
    runner.register_hook(Record())
    if double:
        runner.model.double()
        cast = runner.model.backbone.register_forward_pre_hook
        cast(lambda _, args: (args[0].double(),))
        preprocess = runner.model.data_preprocessor
        preprocess.float()
        if preprocess.batch_augments is not None:
            augment = preprocess.batch_augments
            preprocess.batch_augments = lambda img, samples: augment(img.double(), samples)
    with mock.patch("time.sleep"):
        runner.train()
    found["last"] = {k: v for k, v in runner.model.state_dict().items() if k in found["first"]}
    return found


def train_ours(config: Path, first: Any, folder: Path, double: bool) -> Any:
    weights = folder / "first.pth"
    torch.save(first, weights)
    spec = read_spec(config, {"work_dir": str(folder / "ours")})
    recorder = Call("tests.runs.Trajectory", {"seed": SEED})
    trainer = {**spec.trainer, "accelerator": "cpu"}
    if double:
        trainer["precision"] = "64-true"
    spec = replace(
        spec,
        trainer=trainer,
        callbacks=(recorder, *spec.callbacks),  # the announcer stays the last one
        load_from=str(weights),
    )
    parts = fit(spec)
    state = parts.model.name_map().state_dict_to_mm(parts.model.state_dict()).state
    return parts.callbacks[0], state


def compare(config: Path, theirs: Any, folder: Path, double: bool) -> None:
    ours, state = train_ours(config, theirs["first"], folder, double)
    tolerance = 1e-9 if double else 1e-5
    assert len(ours.losses) == len(theirs["losses"]) == 60
    np.testing.assert_allclose(ours.losses, theirs["losses"], rtol=tolerance)
    assert len(ours.metrics) == len(theirs["metrics"]) > 0
    for our, their in zip(ours.metrics, theirs["metrics"], strict=True):
        assert our == pytest.approx(their, rel=1e-6)
    assert len(theirs["last"]) > 10
    moved = 0
    for name, value in theirs["last"].items():
        torch.testing.assert_close(
            state[name].to(value.dtype),
            value,
            rtol=1e-7 if double else 1e-3,
            atol=1e-8 if double else 1e-4,
        )
        moved += not torch.equal(value, theirs["first"][name])
    assert moved > 5


def run(original: Original, train: Any, text: str, folder: Path, double: bool) -> None:
    photos = write_photos(folder / "photos")
    config = write_config(folder, text.replace("FOLDER", str(photos)))
    theirs = original(train, str(config), str(folder / "theirs"), SEED, double)
    compare(config, theirs, folder, double)


@pytest.mark.slow
@pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])
@pytest.mark.parametrize("name", OLD)
def test_training_equals_mmcls(mmcls: Original, name: str, double: bool, tmp_path: Path) -> None:
    run(mmcls, train_mmcls, OLD[name], tmp_path, double)


@pytest.mark.slow
@pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])
@pytest.mark.parametrize("name", NEW)
def test_training_equals_mmpretrain(
    mmpretrain: Original, name: str, double: bool, tmp_path: Path
) -> None:
    run(mmpretrain, train_mmpretrain, NEW[name], tmp_path, double)
