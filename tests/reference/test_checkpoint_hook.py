"""After every iteration the folder holds the checkpoints that the originals' would hold."""

import hashlib
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlight.callbacks import checkpoint
from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.callbacks.checkpoint_content import Snapshot
from mmlight.callbacks.validation import Validation
from mmlight.run import fit, read_spec
from mmlight.weights.read import read_checkpoint
from tests.callbacks.nets import BATCHES, Net, Probe, build_data, build_trainer
from tests.reference.original import Original
from tests.runs import FASHION, LENET_NEW, LENET_OLD, shorten, write_config, write_fashion_files

NAN = float("nan")


def make_cases(generation: str, number: int) -> list[dict[str, Any]]:
    """Return settings at random: the hook's own, and those of the run."""
    rng = random.Random(generation)
    cases = []
    for _ in range(number):
        by_epoch = rng.random() < 0.6  # the loop
        hook: dict[str, Any] = {
            "interval": rng.choice([-1, 1, 1, 2, 3]),
            "max_keep_ckpts": rng.choice([-1, -1, 1, 2]),
            "save_last": rng.random() < 0.6,
            "by_epoch": by_epoch,
        }
        if generation == "mmpretrain" and rng.random() < 0.3:
            hook["by_epoch"] = not by_epoch
        if generation == "mmpretrain" and rng.random() < 0.3:
            hook["save_begin"] = rng.choice([1, 2, 4])
        if rng.random() < 0.2:
            hook["filename_tmpl"] = "state-{}.pth"
        best = {"save_best": rng.choice(["auto", "acc/top1", "val_loss", "other"])}
        if generation == "mmpretrain" and rng.random() < 0.4:
            best["save_best"] = ["val_loss", "acc/top1"]
        if best["save_best"] == "other":
            best[rng.choice(["greater_keys", "less_keys"])] = ["oth"]
        elif rng.random() < 0.3:
            best["rule"] = rng.choice(["greater", "less"])
        case = {
            "by_epoch": by_epoch,
            "length": rng.randint(2, 5) if by_epoch else rng.randint(4, 13),
            "validate": rng.choice([1, 1, 2, 3]),
            "scores": [rng.choice([0.0, 0.2, 0.4, 0.6, 0.8, NAN]) for _ in range(13)],
            "hook": hook,
            "best": best if rng.random() < 0.7 else {},
        }
        cases.append(case)
    return cases


def run_mmengine(cases: Any, batches: int) -> Any:  # noqa: C901 (it travels as one text)
    """Run each case through the real loops and hook; return the files before each iteration."""
    import os
    import tempfile
    from types import SimpleNamespace
    from unittest import mock

    from mmengine.hooks import CheckpointHook
    from mmengine.logging import MessageHub
    from mmengine.runner.loops import BaseLoop, EpochBasedTrainLoop, IterBasedTrainLoop

    class Loader:
        dataset = SimpleNamespace(metainfo={})

        def __len__(self) -> int:
            return batches

        def __iter__(self) -> Any:
            return iter([0] * batches)

    class Stub:
        def __init__(self, case: Any, folder: str, number: int) -> None:
            self.case, self.work_dir = case, folder
            self.hook = CheckpointHook(**case["hook"], **case["best"])
            self.message_hub = MessageHub.get_instance(f"files{number}{folder}")
            self.logger = SimpleNamespace(info=lambda *_: None, warning=lambda *_: None)
            self.visualizer, self.optim_wrapper = SimpleNamespace(), None
            self.model = SimpleNamespace(train=lambda: None, train_step=lambda *_, **__: {})
            self.val_loop = SimpleNamespace(run=self.validate)
            self.validations, self.seen = 0, []
            kind = EpochBasedTrainLoop if case["by_epoch"] else IterBasedTrainLoop
            self.train_loop = kind(self, Loader(), case["length"], 1, case["validate"])

        epoch = property(lambda self: self.train_loop.epoch)
        iter = property(lambda self: self.train_loop.iter)
        max_epochs = property(lambda self: self.train_loop.max_epochs)
        max_iters = property(lambda self: self.train_loop.max_iters)

        def call_hook(self, name: str, **kwargs: Any) -> None:
            if name == "before_train_iter":
                self.seen.append(sorted(os.listdir(self.work_dir)))
            if name in ("before_train", "after_train_iter", "after_train_epoch"):
                getattr(self.hook, name)(self, **kwargs)

        def validate(self) -> None:
            score = self.case["scores"][self.validations]
            self.validations += 1
            metrics = {"acc/top1": score, "val_loss": -score, "other": score / 2}
            self.hook.after_val_epoch(self, metrics)

        def save_checkpoint(self, out_dir: str, filename: str, *_: Any, **__: Any) -> None:
            open(os.path.join(out_dir, filename), "w").close()

    def keep_loader(self: Any, runner: Any, dataloader: Any) -> None:
        self._runner, self.dataloader = runner, dataloader

    answers = []
    for number, case in enumerate(cases):
        patch = mock.patch.object(BaseLoop, "__init__", keep_loader)  # it asks for a DataLoader
        with patch, tempfile.TemporaryDirectory() as folder:
            stub = Stub(case, folder, number)
            stub.train_loop.run()
            answers.append([*stub.seen, sorted(os.listdir(folder))])
    return answers


def run_mmcv(cases: Any, batches: int) -> Any:
    """Run each case through the real runner and hooks; return the files before each iteration."""
    import logging
    import os
    import tempfile
    from unittest import mock

    import torch
    from mmcv.runner import CheckpointHook, EpochBasedRunner, EvalHook, Hook, IterBasedRunner
    from torch.utils.data import DataLoader, Dataset

    class Model(torch.nn.Linear):
        def train_step(self, *_: Any, **__: Any) -> Any:
            return {}

    class Data(Dataset):
        def __init__(self, scores: Any) -> None:
            self.scores = iter(scores)

        def __len__(self) -> int:
            return batches

        def __getitem__(self, index: int) -> int:
            return index

        def evaluate(self, *_: Any, **__: Any) -> Any:
            score = next(self.scores)
            return {"acc/top1": score, "val_loss": -score, "other": score / 2}

    class Look(Hook):
        def before_train_iter(self, runner: Any) -> None:
            seen.append(sorted(os.listdir(runner.work_dir)))

    logger = logging.getLogger("files")
    logger.setLevel("ERROR")
    answers = []
    for case in cases:
        seen: list[Any] = []
        best = {**case["best"]}
        if isinstance(best.get("save_best"), str):
            best["save_best"] = best["save_best"].replace("/", "_")
        with tempfile.TemporaryDirectory() as folder, mock.patch("time.sleep"):
            length = {"max_epochs" if case["by_epoch"] else "max_iters": case["length"]}
            kind = EpochBasedRunner if case["by_epoch"] else IterBasedRunner
            runner = kind(Model(1, 1), work_dir=folder, logger=logger, meta={}, **length)
            data = Data(case["scores"])
            data.evaluate = lambda *_, data=data, **__: {  # type: ignore[method-assign]
                name.replace("/", "_"): value for name, value in Data.evaluate(data).items()
            }
            loader = DataLoader(data)
            runner.register_hook(CheckpointHook(**case["hook"]), "NORMAL")
            runner.register_hook(Look(), "LOWEST")
            runner.register_hook(
                EvalHook(
                    loader,
                    interval=case["validate"],
                    by_epoch=case["by_epoch"],
                    test_fn=lambda *_: None,
                    **best,
                ),
                "LOW",
            )
            runner.run([loader], [("train", 1)])
            seen.append(sorted(os.listdir(folder)))
            answers.append([[n for n in names if n != "latest.pth"] for names in seen])
    return answers


class OtherNet(Net):
    """Logs one more metric."""

    def on_validation_epoch_end(self) -> None:
        super().on_validation_epoch_end()
        self.log("other", self.scores[len(self.validated) - 1] / 2)


def run_ours(case: dict[str, Any], folder: Path, generation: str) -> list[list[str]]:
    """Train; return the stems of the files before each iteration and at the end."""
    seen: list[list[str]] = []

    def look(*_: Any) -> None:
        names = (path for path in folder.iterdir() if path.name != "last.ckpt")
        seen.append(sorted(path.stem for path in names))

    by_epoch, length = case["by_epoch"], case["length"]
    run = {"max_epochs" if by_epoch else "max_iters": length}
    is_old = generation == "0.x"
    validation = Validation(
        case["validate"], by_epoch=by_epoch, last=length, at_end=not is_old, offset=0
    )
    saver = Checkpoint(str(folder), generation=generation, **case["hook"], **case["best"])
    probe = Probe(look, "on_train_batch_start")
    parts = [saver, validation, probe] if is_old else [validation, saver, probe]
    trainer = build_trainer(*parts, Announcer(generation), **run)
    trainer.fit(OtherNet(case["scores"]), build_data())
    look()
    return seen


def write_nothing(trainer: Any, snapshot: Snapshot) -> None:
    """Stand in for the writing of a file."""
    torch.save({}, snapshot.path)


@pytest.mark.parametrize("generation", ["mmpretrain", "mmcls"])
def test_files_are_those_of_the_original_when_settings_are_random(
    generation: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original: Original = request.getfixturevalue(generation)
    monkeypatch.setattr(checkpoint, "write_snapshot", write_nothing)
    cases = make_cases(generation, 24)
    run_theirs = run_mmengine if generation == "mmpretrain" else run_mmcv
    theirs = original(run_theirs, cases, BATCHES)
    for number, (case, files) in enumerate(zip(cases, theirs, strict=True)):
        folder = tmp_path / str(number)
        folder.mkdir()
        ours = run_ours(case, folder, "1.x" if generation == "mmpretrain" else "0.x")
        stems = [sorted(name.removesuffix(".pth") for name in names) for names in files]
        assert ours == stems, case


def load_mmcls(config: str, path: str) -> Any:
    """Load a file strictly and resume from it; return how far it had come and whose classes."""
    import logging

    from mmcls.models import build_classifier
    from mmcv import Config
    from mmcv.runner import EpochBasedRunner, load_checkpoint

    model = build_classifier(Config.fromfile(config).model)
    content = load_checkpoint(model, path, strict=True)
    logger = logging.getLogger("resume")
    logger.setLevel("ERROR")
    runner = EpochBasedRunner(model, logger=logger, max_epochs=9, meta={})
    runner.resume(path)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    return (runner.epoch, runner.iter), list(content["meta"]["CLASSES"]), weights


def load_mmpretrain(config: str, path: str) -> Any:
    """Load a file strictly and resume from it; return how far it had come and whose classes."""
    import tempfile

    from mmengine.config import Config
    from mmengine.runner import Runner, load_checkpoint

    cfg = Config.fromfile(config)
    cfg.work_dir = cfg.experiment_name = tempfile.mkdtemp()
    cfg.log_level, cfg.default_hooks = "ERROR", {"checkpoint": None}
    runner = Runner.from_cfg(cfg)
    content = load_checkpoint(runner.model, path, strict=True)
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.resume(path)
    weights = {name: value.numpy() for name, value in runner.model.state_dict().items()}
    return (runner.epoch, runner.iter), list(content["meta"]["dataset_meta"]["classes"]), weights


@pytest.mark.slow
@pytest.mark.parametrize("generation", ["mmpretrain", "mmcls"])
def test_pth_is_loaded_strictly_by_the_original(
    generation: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    original: Original = request.getfixturevalue(generation)
    is_old = generation == "mmcls"
    hook = "save_pth=True, published_keys=['meta', 'state_dict']"
    new = LENET_NEW + f"default_hooks['checkpoint'].update({hook})\n"
    old = LENET_OLD + "checkpoint_config.update(save_pth=True)\n"
    config = write_config(tmp_path, old if is_old else new)
    spec = shorten(read_spec(config, {"work_dir": str(tmp_path / "run")}), max_epochs=2)
    parts = fit(spec)
    load = load_mmcls if is_old else load_mmpretrain
    files = write_fashion_files(tmp_path / "data")
    text = (LENET_OLD if is_old else LENET_NEW).replace(str(FASHION), str(files))
    plain = write_config(tmp_path, text, "plain.py")
    done, classes, weights = original(load, str(plain), str(tmp_path / "run" / "epoch_2.pth"))
    assert done == (2, 4)
    assert classes == list(parts.data.classes)
    ours = parts.model.name_map().state_dict_to_mm(parts.model.state_dict()).state
    assert weights.keys() == ours.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(weights[name], value.numpy())
    names = sorted(path.name for path in (tmp_path / "run").glob("*.pth"))
    if is_old:
        assert names == ["epoch_1.pth", "epoch_2.pth", "latest.pth"]
        assert os.readlink(tmp_path / "run" / "latest.pth") == "epoch_2.pth"
        return
    (published,) = {*names} - {"epoch_1.pth", "epoch_2.pth"}
    content = read_checkpoint(tmp_path / "run" / published)
    assert content.keys() == {"meta", "state_dict"}
    digest = hashlib.sha256((tmp_path / "run" / published).read_bytes()).hexdigest()
    assert published == f"epoch_2-{digest[:8]}.pth"
    assert (tmp_path / "run" / "last_checkpoint").read_text().endswith("run/epoch_2.pth")
